import { buildLine, indexLine, stageLine } from "./github-messages.ts";
import { refName, sentence, when } from "./messages.ts";
import type { Asked, News } from "./news.ts";
import { redact } from "./redact.ts";
import { isStageEnd, isTerminal, type Run, type Stage } from "./run.ts";

/** What messages about a run say: what, where, which commit, what is asked and by when. */

/** A message's words; `lines` are facts, one each. */
export interface NewsText {
  readonly title: string;
  readonly lines: readonly string[];
}

/** The longest line: a reason may hold the words of a build. */
const LONGEST = 600;

/** How the run stands, in a line that changes when it does. */
export function summaryOf(run: Run): string {
  const { status } = run;
  switch (status.status) {
    case "succeeded":
    case "failed":
    case "stopped":
      return line(`${status.status}: ${status.reason}`);
    case "superseded":
      return `superseded by ${status.by}`;
    case "building":
    case "publishing":
      return status.status;
    case "staging":
      return line(
        run.stages.map((stage) => `${stage.definition.name}: ${stageLine(run, stage)}`).join(" · "),
      );
  }
}

/** The head of a run's thread. */
export function summaryText(run: Run): NewsText {
  return { title: named(run), lines: [summaryOf(run), ...commitLines(run)] };
}

/** A piece of news by itself. */
export function newsText(run: Run, news: News): NewsText {
  const stage = run.stages.find(({ definition }) => definition.name === news.stage);
  return {
    title: titleOf(run, news),
    lines: [...factsOf(run, news, stage).map(line), ...commitLines(run)],
  };
}

/** What a message says in whose place a newer one has come: which, and why. */
export function overtakenText(run: Run, news: News): NewsText {
  const stage = run.stages.find(({ definition }) => definition.name === news.stage);
  const what = news.state === "wanted" ? "question" : "message";
  const why = news.state === "wanted" && stage !== undefined ? voidedLines(stage) : [];
  return {
    title: `${named(run)}: replaced by a newer ${what}`,
    lines: [`${titleOf(run, news)}: see below`, ...why.map(line), ...commitLines(run)],
  };
}

/** `hello-5`, and why it is there when no commit of its own is. */
function named({ id, trigger }: Run): string {
  switch (trigger.type) {
    case "rollback":
      return `${id} (back to ${trigger.to})`;
    case "unquarantine":
      return `${id} (${trigger.of} on every architecture)`;
    case "shift":
      return `${id} (new weights for ${trigger.of})`;
    default:
      return id;
  }
}

/** Names of pipelines, stages and runs only: what is fit for a subject. */
function titleOf(run: Run, { type, state, stage, asked }: News): string {
  const what = named(run);
  if (type === "run") return `${what} ${VERBS[state]}`;
  if (type === "stage") return `${what}: ${stage} ${STAGE_VERBS[state] ?? state}`;
  if (state !== "wanted") return `${what}: ${stage} ${APPROVAL_VERBS[state] ?? state}`;
  return asked?.lifecycleStage === undefined
    ? `${what}: approval wanted for ${stage}`
    : `${what}: approval wanted to go on in ${stage}`;
}

const VERBS: Readonly<Record<News["state"], string>> = {
  started: "has started",
  succeeded: "has succeeded",
  failed: "has failed",
  stopped: "was stopped",
  superseded: "was superseded",
  deploying: "deploys",
  "rolled-back": "was rolled back",
  wanted: "waits",
  approved: "is approved",
  refused: "was refused",
  expired: "has expired",
  closed: "waits no more",
};

const STAGE_VERBS: Readonly<Partial<Record<News["state"], string>>> = {
  deploying: "is being deployed to",
  succeeded: "runs the release",
  failed: "has failed",
  "rolled-back": "was rolled back",
};

const APPROVAL_VERBS: Readonly<Partial<Record<News["state"], string>>> = {
  approved: "is approved",
  refused: "was refused",
  expired: "was approved by nobody in time",
  closed: "asks for no approval any more",
};

function factsOf(run: Run, news: News, stage: Stage | undefined): readonly string[] {
  switch (news.type) {
    case "run":
      return endLines(run);
    case "stage":
      return stage === undefined ? [] : stageLines(run, stage);
    case "approval":
      return stage === undefined ? [] : approvalLines(run, news, stage);
  }
}

function endLines(run: Run): readonly string[] {
  const { status } = run;
  if (status.status === "superseded") return [`${status.by} is newer and took its place`];
  if ("reason" in status) return [status.reason];
  const builds = run.builds.map((build) => `${build.image} ${build.platform}: ${buildLine(run, build)}`);
  if (status.status === "building") return builds;
  return run.images.map(({ definition, state }) => `${definition.name}: ${indexLine(run, state)}`);
}

function stageLines(run: Run, stage: Stage): readonly string[] {
  const { state, definition } = stage;
  const { trigger } = run;
  const why = "reason" in trigger ? [`by ${trigger.by}: ${trigger.reason}`] : [];
  if ("failure" in state) return [sentence(state.failure), ...why];
  const address = definition.url === undefined ? [] : [definition.url];
  return [
    isTerminal(run) && !isStageEnd(state) ? "the run has ended" : stageLine(run, stage),
    ...why,
    ...address,
  ];
}

function approvalLines(run: Run, { asked }: News, stage: Stage): readonly string[] {
  const { gate, state } = stage;
  if (asked !== undefined) return [askedLine(asked), ...voidedLines(stage), ...releaseLines(run)];
  if ("failure" in state && (state.status === "refused" || state.status === "expired"))
    return [sentence(state.failure)];
  const names = (gate?.approvals ?? []).map(({ person }) => person);
  return names.length === 0 ? [] : [`approved by ${names.join(", ")}`];
}

/** "1 of 2 approvals from release-managers (alice), by 2026-11-28 09:00 UTC". */
function askedLine({ from, required, approvals, expiresAt, lifecycleStage }: Asked): string {
  const names = approvals.map(({ person }) => person).join(", ");
  const so = names === "" ? "" : ` (${names} approved)`;
  const where = lifecycleStage === undefined ? "" : `ECS waits at ${lifecycleStage}: `;
  const left = Math.max(0, required - approvals.length);
  return `${where}${left} of ${required} approval${required === 1 ? "" : "s"} still wanted from ${from.join(" or ")}${so}, by ${when(expiresAt)}`;
}

function voidedLines({ gate }: Stage): readonly string[] {
  const why = gate?.voided.at(-1);
  return why === undefined ? [] : [`earlier approvals no longer count: ${why}`];
}

function releaseLines(run: Run): readonly string[] {
  return run.images.flatMap(({ definition, state }) =>
    state.status === "published" ? [`${definition.name}: ${state.digest}`] : [],
  );
}

/** "commit 1a2b3c4 of main in acme/hello by Ada". */
function commitLines({ revision, people }: Run): readonly string[] {
  const author = people.author === undefined ? "" : ` by ${nameOf(people.author)}`;
  return [
    line(
      `commit ${revision.commit.slice(0, 7)} of ${refName(revision.ref)} in ${revision.repository}${author}`,
    ),
  ];
}

/** `Ada` of `Ada <ada@example.com>`: channels have more readers than a repository. */
function nameOf(author: string): string {
  const name = author.replace(/\s*<[^<>]*>\s*$/, "").trim();
  return name === "" ? "somebody" : name;
}

/** Without secrets, control characters and more than anybody reads. */
function line(text: string): string {
  const clean = redact(text).replace(/\s+/g, " ").trim();
  const characters = [...clean].filter((one) => one >= " " && one !== "\u007f" && !isInvisible(one));
  return characters.length <= LONGEST ? characters.join("") : `${characters.slice(0, LONGEST - 1).join("")}…`;
}

/** Marks that turn the direction of what stands after them. */
function isInvisible(character: string): boolean {
  return /[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(character);
}
