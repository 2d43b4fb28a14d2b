import { z } from "zod";
import { loginOf } from "../actors.ts";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { defaultBranch, writeRef } from "../git/refs.ts";
import { commitOfRef, resolveCommit } from "../git/revisions.ts";
import { handlePush } from "../handle-push.ts";
import type { ReleaseRecord } from "../records.ts";
import { releaseJson, releasePublished } from "../release-event.ts";
import {
  bodyOf,
  created,
  ok,
  type Reply,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  withId,
} from "./call.ts";
import { paged } from "./paging.ts";

const newSchema = z.object({
  tag_name: z.string().min(1),
  target_commitish: z.string().min(1).optional(),
  name: z.string().nullable().default(null),
  body: z.string().nullable().default(null),
  draft: z.boolean().default(false),
  prerelease: z.boolean().default(false),
});

const read = { permission: "contents", level: "read" } as const;

/** https://docs.github.com/en/rest/releases/releases */
export const releaseRoutes: readonly Route[] = [
  repositoryRoute("POST", "/releases", { permission: "contents", level: "write" }, create),
  repositoryRoute("GET", "/releases", read, list),
  repositoryRoute("GET", "/releases/latest", read, async (call) => {
    const newest = releasesOf(call).find(({ draft, prerelease }) => !draft && !prerelease);
    return show(call, newest);
  }),
  repositoryRoute("GET", "/releases/tags/{tag+}", read, async (call) => {
    const tagged = releasesOf(call).find(({ tag, draft }) => tag === call.params.tag && !draft);
    return show(call, tagged);
  }),
  repositoryRoute("GET", "/releases/{id}", read, async (call) =>
    show(call, withId(call.repository.records.data.releases, call.params.id)),
  ),
];

/** The newest first. */
const releasesOf = ({ repository }: RepositoryCall): readonly ReleaseRecord[] =>
  [...repository.records.data.releases].reverse();

function show({ github, repository }: RepositoryCall, release: ReleaseRecord | undefined): Reply {
  if (release === undefined) throw notFound();
  return ok(releaseJson(github, repository, release));
}

async function list(call: RepositoryCall): Promise<Reply> {
  const { items, headers } = paged(call, releasesOf(call));
  const json = items.map((release) => releaseJson(call.github, call.repository, release));
  return { status: 200, json, headers };
}

async function create(call: RepositoryCall): Promise<Reply> {
  const { github, repository, actor } = call;
  const wanted = bodyOf(call, newSchema, "Release");
  const { releases } = repository.records.data;
  if (releases.some(({ tag, draft }) => tag === wanted.tag_name && !draft && !wanted.draft)) {
    throw new ApiError(422, "Validation Failed", [
      { resource: "Release", code: "already_exists", field: "tag_name" },
    ]);
  }
  const login = loginOf(actor);
  const target = wanted.target_commitish ?? (await defaultBranch(repository));
  if (!wanted.draft) await ensureTag(call, wanted.tag_name, target, login);
  const release: ReleaseRecord = {
    id: repository.records.newId(),
    ...{ tag: wanted.tag_name, target, name: wanted.name, body: wanted.body },
    ...{ draft: wanted.draft, prerelease: wanted.prerelease, author: login },
    createdAt: github.now(),
    publishedAt: wanted.draft ? null : github.now(),
  };
  releases.push(release);
  await repository.records.save();
  if (!wanted.draft)
    github.webhooks.publish(repository, await releasePublished(github, repository, release, login));
  return created(releaseJson(github, repository, release));
}

/** A published release makes its tag when there is none, which is a push like any other. */
async function ensureTag(call: RepositoryCall, tag: string, target: string, login: string): Promise<void> {
  const { github, repository } = call;
  const ref = `refs/tags/${tag}`;
  if ((await commitOfRef(repository, ref)) !== undefined) return;
  const commit = await resolveCommit(repository, target);
  if (commit === undefined) throw invalid("Release", "target_commitish");
  try {
    await writeRef(repository, ref, commit);
  } catch {
    throw invalid("Release", "tag_name", "tag_name is not a valid tag");
  }
  await handlePush(github, repository, [{ ref, newId: commit }], login);
}
