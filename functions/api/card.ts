import { loadRun } from "../../shared/advance.ts";
import type { Directory } from "../../shared/effects/directory.ts";
import { lookAtCommits } from "../../shared/effects/look-at-commits.ts";
import { lookAtImages, lookAtScan } from "../../shared/effects/look-at-images.ts";
import { readStageLock } from "../../shared/effects/stage-lock.ts";
import { decide, deciderOf, isSameDecider } from "../../shared/pipeline/approvals.ts";
import type {
  CardApproval,
  CardImage,
  CardRelease,
  CardView,
  ScanView,
  YourPart,
} from "../../shared/pipeline/card-view.ts";
import type { Person } from "../../shared/pipeline/identities.ts";
import { override } from "../../shared/pipeline/interventions.ts";
import { standingOf } from "../../shared/pipeline/lost-approvals.ts";
import { isTerminal, type Run, type Stage } from "../../shared/pipeline/run.ts";
import { liveRelease, type StageRelease } from "../../shared/pipeline/stage-lock.ts";
import { type ApiServices, isoTime } from "./context.ts";
import { askedOf } from "./stage-view.ts";

/** What is asked for a card's facts. */
export type CardServices = Pick<ApiServices, "deps" | "effects"> & {
  readonly directory: Pick<Directory, "members">;
};

/**
 * The facts that a decision about a stage stands on. What the source or ECR cannot tell at the moment is left out and said:
 * a card with a gap is of more use than none.
 * @returns undefined when the stage asks for no approval, or its images are not published yet
 */
export async function cardOf(
  { deps, effects, directory }: CardServices,
  run: Run,
  stage: Stage,
  person: Person,
): Promise<CardView | undefined> {
  const { gate, definition } = stage;
  if (gate === undefined) return undefined;
  const { lock } = await readStageLock(deps.store, run.definition.name, definition.name);
  // A stage that has come to run this release shows what it replaced.
  const live =
    [...(lock.releases ?? [])].reverse().find(({ runId }) => runId !== run.id) ?? liveRelease(lock);
  const before = live === undefined ? undefined : (await loadRun(deps.store, live.of ?? live.runId)).run;
  const missing: string[] = [];
  const told = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      const found = await ask();
      if (found === undefined) missing.push(`${what} could not be had: the host does not know them`);
      return found;
    } catch (error) {
      missing.push(`${what} could not be had: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const membersOf = async (group: string) => {
    try {
      return await directory.members(group);
    } catch (error) {
      missing.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const [commits, images, members] = await Promise.all([
    told("the commits", () =>
      lookAtCommits(effects, run.definition.source, live?.commit, run.revision.commit),
    ),
    told("sizes and scans", () => imagesOf(effects.aws, run, before)),
    // Whom the issuer does not tell of is let in all the same, when they sign in.
    Promise.all((definition.approval?.from ?? []).map(membersOf)),
  ]);
  return {
    run: run.id,
    pipeline: run.definition.name,
    sequence: run.sequence,
    stage: definition.name,
    release: gate.release,
    current: live === undefined ? undefined : releaseOf(live),
    commits: commits?.commits ?? [],
    moreCommits: commits?.more,
    compare: commits?.compare,
    goesBack: commits?.goesBack,
    images: images ?? [],
    approval: approvalOf(run, stage, person, deps.now(), members.flat()),
    missing,
  };
}

function releaseOf({ runId, sequence, commit, release, at }: StageRelease): CardRelease {
  return { run: runId, sequence, commit, release, at: isoTime(at) };
}

type Aws = ApiServices["effects"]["aws"];

/** Each image on each architecture, beside what the stage runs now. */
async function imagesOf(aws: Aws, run: Run, before: Run | undefined): Promise<readonly CardImage[]> {
  const [now, then] = await Promise.all([
    lookAtImages(aws, run),
    before === undefined ? [] : lookAtImages(aws, before),
  ]);
  const cards = now.flatMap(({ image, children }) =>
    children.map(async ({ platform, digest, size }): Promise<CardImage> => {
      const old = then.find((one) => one.image === image)?.children.find((one) => one.platform === platform);
      const [scan, scanBefore] = await Promise.all([
        lookAtScan(aws, image, digest),
        old === undefined ? undefined : lookAtScan(aws, image, old.digest),
      ]);
      return {
        ...{ image, platform, digest, size },
        sizeBefore: old?.size,
        buildSeconds: secondsOf(run, image, platform),
        buildSecondsBefore: before === undefined ? undefined : secondsOf(before, image, platform),
        scan: scan === undefined ? undefined : withAdded(scan, scanBefore),
      };
    }),
  );
  return Promise.all(cards);
}

function secondsOf(run: Run, image: string, platform: string): number | undefined {
  const build = run.builds.find((one) => one.image === image && one.platform === platform);
  return build?.state.status === "succeeded" ? (build.state.until - build.state.since) / 1000 : undefined;
}

/** Findings that the image before has not, by their number. */
function withAdded(scan: ScanView, before: ScanView | undefined): ScanView {
  if (before === undefined) return scan;
  const added = Object.entries(scan.findings).flatMap(([severity, count]) => {
    const more = count - (before.findings[severity] ?? 0);
    return more > 0 ? [[severity, more]] : [];
  });
  return { ...scan, added: Object.fromEntries(added) };
}

/** @param members whom the user pool has in the stage's groups, as far as it tells */
function approvalOf(
  run: Run,
  stage: Stage,
  person: Person,
  now: number,
  members: readonly (string | undefined)[],
): CardApproval {
  const rule = stage.definition.approval;
  const asked = stillAsked(run, stage);
  const gate = stage.gate;
  const standing = standingOf(run, stage);
  const { groups } = run.definition;
  const from = rule?.from ?? [];
  const may = from.flatMap((group) => (Object.hasOwn(groups, group) ? (groups[group] ?? []) : []));
  return {
    open: asked !== undefined,
    required: rule?.required ?? 0,
    from,
    may: [...new Set([...may, ...members.filter((name) => name !== undefined)])],
    given: (asked ?? standing).approvals.map(({ person: who, at, comment }) => ({
      person: who,
      at: isoTime(at),
      comment,
    })),
    openedAt: isoTime(gate?.openedAt ?? now),
    expiresAt: isoTime((asked ?? gate)?.expiresAt ?? now),
    voided: standing.voided,
    you: partOf(run, stage, person, now),
  };
}

/** A run that has ended asks nobody, wherever it was. */
const stillAsked = (run: Run, stage: Stage) => (isTerminal(run) ? undefined : askedOf(stage));

/** What the rules of approvals would say to this person now. */
function partOf(run: Run, stage: Stage, person: Person, now: number): YourPart {
  const request = { stage: stage.definition.name, release: stage.gate?.release ?? "" };
  const approve = decide(run, { ...request, decision: "approve" }, person, now);
  const refuse = decide(run, { ...request, decision: "refuse" }, person, now);
  const begin = override(run, { stage: stage.definition.name, reason: "?" }, person, now);
  const decider = deciderOf(run.definition, person);
  const given = stillAsked(run, stage)?.approvals.some((one) => isSameDecider(one, decider)) === true;
  return {
    mayApprove: approve.type === "decided",
    mayRefuse: refuse.type === "decided",
    mayWithdraw: given,
    mayOverride: begin.type === "decided",
    why: approve.type === "problem" ? approve.message : undefined,
  };
}
