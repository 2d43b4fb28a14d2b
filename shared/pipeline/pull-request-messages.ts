import { buildLine, usedAgainLine } from "./github-messages.ts";
import { redact } from "./redact.ts";
import type { Build, Image, Run } from "./run.ts";

/** What is commented on a pull request. Everybody who may see the repository reads it: no people, and no secrets. */

/** CodeCommit takes 10,240 characters. */
const LONGEST = 10_000;

/** Of a failed build's log: enough to see what went wrong. */
const LOG_LINES = 12;
const LOG_LINE = 300;

/** How a run's comment begins: it is found again by this. */
export function commentHead(run: Run): string {
  return `**${run.id}** of pipeline ${run.definition.name}`;
}

/** The comment of a run as it is now, in Markdown. */
export function pullRequestComment(run: Run): string {
  const commit = run.revision.commit.slice(0, 7);
  const text = [
    `${commentHead(run)}, commit ${commit}: ${outcome(run)}`,
    "",
    ...run.images.flatMap((image) => imageLines(run, image)),
    ...run.builds.flatMap(logLines),
  ].join("\n");
  const clean = redact(text);
  return clean.length <= LONGEST ? clean : `${[...clean].slice(0, LONGEST / 2).join("")}…`;
}

/** What stands beside an approval, or beside its withdrawal. */
export function reviewLine({ id, status }: Run): string {
  return `${id} ${status.status}`;
}

function outcome({ status }: Run): string {
  switch (status.status) {
    case "building":
    case "publishing":
    case "staging":
      return "building";
    case "succeeded":
      return "succeeded";
    case "failed":
      return "**failed**";
    case "stopped":
      return `stopped: ${status.reason}`;
    case "superseded":
      return `superseded by ${status.by}`;
  }
}

function imageLines(run: Run, { definition, state }: Image): readonly string[] {
  const builds = run.builds.filter(({ image }) => image === definition.name);
  if (builds.length > 0) return builds.map((build) => buildBullet(run, build));
  const from = state.status === "published" ? (state.reusedFrom ?? run.id) : run.id;
  return [`- ${definition.name}: ${usedAgainLine(from)}`];
}

function buildBullet(run: Run, build: Build): string {
  const line = buildLine(run, build).replace(/\s+/g, " ").slice(0, 1000);
  const link = build.state.status === "failed" ? build.state.log?.link : undefined;
  return `- ${build.image} ${build.platform}: ${line}${link === undefined ? "" : ` ([log](${link}))`}`;
}

/** Indented, so that nothing in it counts as Markdown. */
function logLines({ image, platform, state }: Build): readonly string[] {
  if (state.status !== "failed" || state.lines === undefined) return [];
  // What CodeBuild itself says of its phases is no news to whoever wrote the commit.
  const said = state.lines.filter((line) => !line.startsWith("[Container] "));
  const last = said.slice(-LOG_LINES).map((line) => `    ${line.slice(0, LOG_LINE)}`);
  if (last.length === 0) return [];
  return ["", `The last of the log of ${image} ${platform}:`, "", ...last];
}

/** What CodeCommit has refused, and the remedy. */
export function notTold({ name, message }: Error): string {
  return `CodeCommit was not told of it (${name}: ${message}); see docs/pipelines.md, "Pull requests in CodeCommit"`;
}

export function nobodyComments(): string {
  return "CodeCommit is told nothing: the functions have no role for pull requests; deploy the stack again";
}
