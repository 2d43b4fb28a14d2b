import { APP_ID, APP_PERMISSIONS, installationId, type Permissions } from "../app.ts";
import type { Github } from "../core.ts";
import { EVENTS } from "../hooks.ts";
import { DEFAULT_LOGIN, isoTime, nodeId } from "../names.ts";
import { accountJson } from "./account.ts";

const SLUG = "tandem-local";

/** The App itself ("integration"). */
export function appJson({ urls, repositories }: Github) {
  return {
    id: APP_ID,
    slug: SLUG,
    node_id: nodeId("A", APP_ID),
    client_id: "Iv1.local",
    owner: accountJson(urls, DEFAULT_LOGIN),
    name: "Tandem (local)",
    description: "The App of the local stand-in for GitHub",
    external_url: urls.web,
    html_url: `${urls.web}/apps/${SLUG}`,
    created_at: isoTime(0),
    updated_at: isoTime(0),
    permissions: APP_PERMISSIONS,
    events: EVENTS,
    installations_count: new Set(repositories.list().map(({ owner }) => owner.toLowerCase())).size,
  };
}

/** What an owner's installation of the App is ("installation"). */
export function installationJson(
  { urls }: Github,
  owner: string,
  permissions: Permissions = APP_PERMISSIONS,
) {
  const id = installationId(owner);
  const account = accountJson(urls, owner);
  return {
    id,
    account,
    access_tokens_url: `${urls.api}/app/installations/${id}/access_tokens`,
    repositories_url: `${urls.api}/installation/repositories`,
    html_url: `${urls.web}/settings/installations/${id}`,
    app_id: APP_ID,
    app_slug: SLUG,
    target_id: account.id,
    target_type: account.type,
    repository_selection: "all",
    permissions,
    events: EVENTS,
    created_at: isoTime(0),
    updated_at: isoTime(0),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: null,
  };
}
