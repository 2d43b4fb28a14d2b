import type { ImageDefinition } from "../pipeline/definition.ts";
import type { Instant, SkippedTag } from "../pipeline/events.ts";
import { refName } from "../pipeline/messages.ts";
import type { Run } from "../pipeline/run.ts";
import { isSameOrigin, type TagOrigin } from "../pipeline/tags.ts";
import { codecommitSource } from "./codecommit.ts";
import type { EffectContext } from "./context.ts";
import { githubSource } from "./github-source.ts";
import { repositoryUri } from "./repositories.ts";

/** Who has a tag of a repository; kept in a stream of its own, the last item of which carries it. */
interface Claim {
  readonly type: "tag.claimed";
  readonly at: Instant;
  readonly origin: TagOrigin;
  readonly runId: string;
}

const ATTEMPTS = 5;

/**
 * Makes sure that each tag belongs to the ref or commit that the run makes it of: whoever publishes first under a tag has it,
 * until its branch is gone. Asking again changes nothing.
 * @returns the tags that belong to another, and to whom
 */
export async function claimTags(
  context: EffectContext,
  run: Run,
  image: ImageDefinition,
  origins: ReadonlyMap<string, TagOrigin>,
): Promise<readonly SkippedTag[]> {
  const repository = repositoryUri(context.settings, image);
  const taken = await Promise.all(
    [...origins].map(async ([tag, origin]): Promise<readonly SkippedTag[]> => {
      const other = await claim(context, run, `tag#${repository}:${tag}`, origin);
      return other === undefined ? [] : [{ tag, why: belongs(other) }];
    }),
  );
  return taken.flat();
}

/** @returns whose the tag is, if not the run's */
async function claim(
  context: EffectContext,
  run: Run,
  stream: string,
  origin: TagOrigin,
): Promise<Claim | undefined> {
  const { streams } = context.store;
  const own: Claim = { type: "tag.claimed", at: context.now(), origin, runId: run.id };
  const take = (version: number) => streams.append(stream, version, [own], own);
  // Both at once: a run waits for its index, and a tag is either new or its own already.
  const [first, isNew] = await Promise.all([streams.last(stream), take(0)]);
  if (isNew) return undefined;
  let found = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (found.state !== undefined) {
      const held = found.state as Claim;
      if (isSameOrigin(held.origin, origin)) return undefined;
      if (!(await isGone(context, run, held.origin))) return held;
      if (await take(found.version)) return undefined;
    }
    found = await streams.last(stream);
  }
  throw new Error(`${stream} is contended: ${ATTEMPTS} others were first`);
}

/** Whether there is no such branch any more. Git tags keep theirs; so does a branch of which nobody can tell. */
async function isGone(context: EffectContext, run: Run, { ref }: TagOrigin): Promise<boolean> {
  if (ref === undefined) return false;
  try {
    const head = await sourceOf(context, run)?.head({ ...run.revision, ref });
    return head === "gone";
  } catch (error) {
    context.warn?.("whether a branch still is there could not be found out; its image tag stays its own", {
      ref,
      error: String(error),
    });
    return false;
  }
}

function sourceOf({ aws, github }: EffectContext, { definition: { source } }: Run) {
  if (source.type === "codecommit") return codecommitSource(aws);
  return github === undefined ? undefined : githubSource(github);
}

function belongs({ origin: { ref, commit }, runId }: Claim): string {
  if (ref === undefined) return `since ${runId} it is the tag of the commit ${commit}`;
  const kind = ref.startsWith("refs/tags/") ? "git tag" : "branch";
  return `since ${runId} it is the tag of the ${kind} ${refName(ref)}: rename one of the two`;
}
