import type { Urls } from "../core.ts";
import { idOf, nodeId } from "../names.ts";

/** A user, an organization or an App's bot, as the REST API and the webhooks show it ("simple user"). */
export function accountJson(urls: Urls, login: string) {
  const id = idOf("account", login);
  const url = `${urls.api}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId("U", id),
    avatar_url: "",
    gravatar_id: "",
    url,
    html_url: `${urls.web}/${login}`,
    repos_url: `${url}/repos`,
    type: login.endsWith("[bot]") ? "Bot" : "User",
    site_admin: false,
  };
}

/** The address that GitHub gives somebody who shows no other. */
export const emailOf = (login: string): string => `${login}@users.noreply.github.com`;

/** The login behind such an address; undefined for any other. */
export const loginOfEmail = (email: string): string | undefined =>
  /^(?:\d+\+)?([\w[\]-]+)@users\.noreply\.github\.com$/.exec(email)?.[1];
