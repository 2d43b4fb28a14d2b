import { z } from "zod";
import { ApiError, notFound } from "../api-error.ts";
import { APP_PERMISSIONS, installationId, type Permissions } from "../app.ts";
import type { Github } from "../core.ts";
import { isoTime } from "../names.ts";
import { accountJson } from "../present/account.ts";
import { appJson, installationJson } from "../present/app.ts";
import { repositoryJson } from "../present/repository.ts";
import type { GithubRepository } from "../repositories.ts";
import { bodyOf, type Call, created, ok, type Reply, type Route } from "./call.ts";
import { paged } from "./paging.ts";

const grantSchema = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
});

/** The App, its installations, and who one is. https://docs.github.com/en/rest/apps */
export const appRoutes: readonly Route[] = [
  { method: "GET", path: "/app", run: forApp(async ({ github }) => ok(appJson(github))) },
  { method: "GET", path: "/app/installations", run: forApp(installations) },
  { method: "GET", path: "/app/installations/{id}", run: forApp(installation) },
  { method: "POST", path: "/app/installations/{id}/access_tokens", run: forApp(accessToken) },
  { method: "GET", path: "/repos/{owner}/{repo}/installation", run: forApp(repositoryInstallation) },
  { method: "GET", path: "/installation/repositories", run: installationRepositories },
  { method: "GET", path: "/user", run: user },
];

/** Only with the App's own JSON Web Token. */
function forApp(run: (call: Call) => Promise<Reply>) {
  return async (call: Call): Promise<Reply> => {
    if (call.actor.kind === "app") return run(call);
    throw new ApiError(401, "A JSON web token could not be decoded");
  };
}

const ownersOf = ({ repositories }: Github): readonly string[] => {
  const owners = new Map(repositories.list().map(({ owner }) => [owner.toLowerCase(), owner]));
  return [...owners.values()];
};

function ownerOf({ github, params }: Call): string {
  const owner = ownersOf(github).find((one) => String(installationId(one)) === params.id);
  if (owner === undefined) throw notFound();
  return owner;
}

async function installations(call: Call): Promise<Reply> {
  const { items, headers } = paged(call, ownersOf(call.github));
  return { status: 200, json: items.map((owner) => installationJson(call.github, owner)), headers };
}

async function installation(call: Call): Promise<Reply> {
  return ok(installationJson(call.github, ownerOf(call)));
}

async function repositoryInstallation({ github, params }: Call): Promise<Reply> {
  const repository = github.repositories.find(`${params.owner ?? ""}/${params.repo ?? ""}`);
  if (repository === undefined) throw notFound();
  return ok(installationJson(github, repository.owner));
}

/** https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app */
async function accessToken(call: Call): Promise<Reply> {
  const { github } = call;
  const owner = ownerOf(call);
  const wanted = bodyOf(call, grantSchema, "InstallationAccessToken");
  const permissions: Permissions = wanted.permissions ?? APP_PERMISSIONS;
  const excess = Object.entries(permissions).filter(([name, level]) => !isGranted(name, level));
  if (excess.length > 0) {
    const names = excess.map(([name, level]) => `${name}: ${level}`).join(", ");
    throw new ApiError(
      422,
      `The permissions requested are not granted to this installation. (the local App has no ${names})`,
    );
  }
  const selected = selection(github, owner, wanted);
  const issued = github.app.issue({
    owner,
    permissions,
    ...(selected === undefined
      ? {}
      : { repositories: selected.map(({ fullName }) => fullName.toLowerCase()) }),
  });
  return created({
    token: issued.token,
    expires_at: isoTime(issued.expiresAt),
    permissions,
    repository_selection: selected === undefined ? "all" : "selected",
    ...(selected === undefined
      ? {}
      : { repositories: await Promise.all(selected.map((one) => repositoryJson(github, one))) }),
  });
}

const isGranted = (name: string, level: "read" | "write"): boolean =>
  APP_PERMISSIONS[name] === "write" || APP_PERMISSIONS[name] === level;

/** The repositories that a token is narrowed to; undefined for all. */
function selection(
  { repositories }: Github,
  owner: string,
  wanted: z.output<typeof grantSchema>,
): readonly GithubRepository[] | undefined {
  if (wanted.repositories === undefined && wanted.repository_ids === undefined) return undefined;
  const own = repositories.list().filter((one) => one.owner.toLowerCase() === owner.toLowerCase());
  const asked: readonly (GithubRepository | undefined)[] = [
    ...(wanted.repositories ?? []).map((name) =>
      own.find((one) => one.name.toLowerCase() === name.toLowerCase()),
    ),
    ...(wanted.repository_ids ?? []).map((id) => own.find((one) => one.id === id)),
  ];
  return asked.map((found) => {
    if (found !== undefined) return found;
    throw new ApiError(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  });
}

async function installationRepositories(call: Call): Promise<Reply> {
  const { github, actor } = call;
  if (actor.kind !== "installation")
    throw new ApiError(
      403,
      "You must authenticate with an installation access token in order to list repositories.",
    );
  const { owner, repositories: selected } = actor.token;
  const own = github.repositories
    .list()
    .filter((one) => one.owner.toLowerCase() === owner.toLowerCase())
    .filter((one) => selected === undefined || selected.includes(one.fullName.toLowerCase()));
  const { items, headers } = paged(call, own);
  const json = {
    total_count: own.length,
    repository_selection: selected === undefined ? "all" : "selected",
    repositories: await Promise.all(items.map((one) => repositoryJson(github, one))),
  };
  return { status: 200, json, headers };
}

/** https://docs.github.com/en/rest/users/users#get-the-authenticated-user */
async function user({ github, actor }: Call): Promise<Reply> {
  if (actor.kind === "anonymous") throw new ApiError(401, "Requires authentication");
  if (actor.kind !== "user") throw new ApiError(403, "Resource not accessible by integration");
  return ok({ ...accountJson(github.urls, actor.login), name: actor.login, email: null });
}
