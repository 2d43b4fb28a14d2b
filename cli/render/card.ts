import type { CardApproval, CardCommit, CardImage, CardView } from "../../shared/pipeline/card-view.ts";
import type { ServiceView } from "../../shared/pipeline/service-view.ts";
import type { ConditionView, GateView, StageView } from "../../shared/pipeline/view.ts";
import { serviceLines } from "./diff.ts";
import { table } from "./table.ts";
import { bytes, clock, duration, type Paint, printableDeep, shortCommit, shortDigest } from "./text.ts";

/**
 * What somebody is about to decide on, on one page: the same facts as the console's card.
 * @param stage the run's own view of the stage, which knows what changes in its services
 */
export function renderCard(givenCard: CardView, givenStage: StageView, paint: Paint): readonly string[] {
  const commits = givenCard.commits.map((one) => ({ ...one, message: one.message.split(/[\r\n]/)[0] ?? "" }));
  const card = printableDeep({ ...givenCard, commits });
  const stage = printableDeep(givenStage);
  const paused = stage.services.map(({ pause }) => pause).find((pause) => pause?.open === true);
  return [
    paint.strong(`${card.run} asks to go to ${card.stage}`),
    `  release     ${card.release.split(",").map(shortDigest).join(", ")}${replaced(card)}`,
    ...(paused === undefined ? [] : [paint.waiting(`  ECS has paused at ${paused.lifecycleStage}`)]),
    ...(card.goesBack === true
      ? [paint.waiting("  the stage has commits that this release has not: it goes back")]
      : []),
    "",
    ...commitLines(card),
    "",
    ...imageLines(card.images, paint),
    ...stage.services.flatMap((service) => [...changeLines(service, paint), ""]),
    ...(stage.gate === undefined ? [] : gateLines(stage.gate, paint)),
    ...approvalLines(card.approval, paint),
    ...card.missing.map((why) => paint.waiting(`  ${why}`)),
  ];
}

function replaced({ current }: CardView): string {
  if (current === undefined) return ", the first in this stage";
  return `, in the place of ${current.run}${current.at === undefined ? "" : ` of ${clock(current.at)} UTC`}`;
}

function commitLines({ commits, moreCommits = 0, current, compare }: CardView): readonly string[] {
  const count = commits.length + moreCommits;
  const since = current === undefined ? "" : ` since ${current.run}`;
  return [
    `  ${count === 1 ? "1 commit" : `${count} commits`}${since}${compare === undefined ? "" : `: ${compare}`}`,
    ...commits.map(commitLine),
    ...(moreCommits > 0 ? [`    and ${moreCommits} more`] : []),
  ];
}

const commitLine = ({ commit, message, author }: CardCommit): string =>
  `    ${shortCommit(commit)}  ${message}  ${author}`;

/** Size and build time against what the stage runs now, and what the scan has found. */
function imageLines(images: readonly CardImage[], paint: Paint): readonly string[] {
  if (images.length === 0) return [];
  const rows = images.map(({ image, platform, size, sizeBefore, buildSeconds, buildSecondsBefore, scan }) => [
    image,
    platform,
    against(size, sizeBefore, bytes),
    against(buildSeconds, buildSecondsBefore, (seconds) => duration(1000 * seconds)),
    scanText(scan),
  ]);
  const lines = table(["IMAGE", "PLATFORM", "SIZE", "BUILD", "SCAN"], rows, paint.faint);
  return [...lines.map((line) => `  ${line}`), ""];
}

function against(
  now: number | undefined,
  before: number | undefined,
  say: (value: number) => string,
): string {
  if (now === undefined) return "unknown";
  if (before === undefined || before === 0) return say(now);
  const percent = (100 * (now / before - 1)).toFixed(1);
  if (Number(percent) === 0) return say(now);
  return `${say(now)} (${percent.startsWith("-") ? "" : "+"}${percent} %)`;
}

const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"];

function scanText(scan: CardImage["scan"]): string {
  if (scan === undefined) return "none";
  const rank = (severity: string) => (SEVERITIES.indexOf(severity) + SEVERITIES.length) % SEVERITIES.length;
  const found = Object.entries(scan.findings)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([severity, count]) => {
      const added = scan.added?.[severity] ?? 0;
      return `${count} ${severity.toLowerCase()}${added > 0 ? ` (${added} new)` : ""}`;
    });
  const status =
    scan.status === "COMPLETE" || scan.status === "ACTIVE"
      ? ""
      : scan.status.toLowerCase().replaceAll("_", " ");
  if (found.length > 0) return [...found, ...(status === "" ? [] : [status])].join(", ");
  return status === "" ? "nothing found" : status;
}

function changeLines(service: ServiceView, paint: Paint): readonly string[] {
  const { capacity, ...rest } = service;
  return serviceLines({ ...rest, baseCapacity: capacity?.from, capacity: capacity?.to }, paint).map(
    (line) => `  ${line}`,
  );
}

function gateLines({ conditions, voided }: GateView, paint: Paint): readonly string[] {
  const told = ({ name, state, why, until }: ConditionView) =>
    `  ${name.padEnd(10)}  ${state}${why === undefined ? "" : `: ${why}`}${until === undefined ? "" : `, until ${clock(until)} UTC`}`;
  return [
    ...conditions.map((one) => (one.state === "met" ? told(one) : paint.waiting(told(one)))),
    ...voided.map((why) => paint.waiting(`  earlier approvals no longer count: ${why}`)),
  ];
}

function approvalLines(approval: CardApproval, paint: Paint): readonly string[] {
  const { required, given, from, may = [], expiresAt, you } = approval;
  const people = given.map(({ person, comment }) =>
    comment === undefined ? person : `${person} ("${comment}")`,
  );
  const by = people.length === 0 ? "" : `: ${people.join(", ")}`;
  return [
    `  approvals   ${given.length} of ${required}${by}`,
    `  may decide  ${from.join(", ")}${may.length === 0 ? "" : ` (${may.join(", ")})`}`,
    `  until       ${clock(expiresAt)} UTC`,
    ...(you.why === undefined ? [] : [paint.waiting(`  not yours to approve: ${you.why}`)]),
  ];
}
