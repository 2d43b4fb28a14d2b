import type { ApprovalRule, PipelineDefinition } from "./definition.ts";
import type { Instant, People, RunEvent } from "./events.ts";
import { approvalProblem } from "./messages.ts";
import type { Problem } from "./problem.ts";
import type { Run, Stage } from "./run.ts";
import { isTerminal } from "./run.ts";

/** Somebody who asks something of Tandem, as the edge authenticated them. */
export interface Person {
  /** The name people are compared and counted by, e.g. an IAM user or role session name. */
  readonly name: string;
  /** The raw identity: an ARN. */
  readonly identity: string;
  /** Groups the identity itself vouches for, e.g. the role assumed. */
  readonly groups: readonly string[];
}

export type Decision = "approve" | "refuse";

export interface DecisionRequest {
  readonly stage: string;
  readonly decision: Decision;
  /** What the person has seen: must be the gate's release. */
  readonly release: string;
  readonly comment?: string;
}

export type DecisionResult =
  | { readonly type: "decided"; readonly event: RunEvent }
  | { readonly type: "already"; readonly message: string }
  | { readonly type: "problem"; readonly problem: Problem; readonly message: string };

/** Decides what a person's word does to a run; the caller appends the event. */
export function decide(run: Run, request: DecisionRequest, who: Person, now: Instant): DecisionResult {
  const stage = run.stages.find(({ definition }) => definition.name === request.stage);
  const stages = run.stages.map(({ definition }) => definition.name);
  if (stage === undefined) return problem(run, request, { code: "unknown-stage", stages });
  const rule = stage.definition.approval;
  if (rule === undefined) return problem(run, request, { code: "no-approval" });

  const before = stage.gate?.approvals.find(({ person }) => isSamePerson(person, who.name));
  if (before !== undefined && request.decision === "approve" && stage.gate?.release === request.release) {
    return { type: "already", message: `${who.name} has approved ${request.stage} already` };
  }
  if (isTerminal(run)) return problem(run, request, { code: "not-waiting", status: run.status.status });
  if (stage.state.status !== "gated" || stage.gate === undefined) {
    return problem(run, request, { code: "not-waiting", status: stage.state.status });
  }
  const fault = mayDecide(run, stage, rule, request, who, now);
  if (fault !== undefined) return problem(run, request, fault);
  return {
    type: "decided",
    event: {
      type: request.decision === "approve" ? "approval.given" : "approval.refused",
      at: now,
      stage: request.stage,
      release: request.release,
      person: who.name,
      identity: who.identity,
      ...(request.comment === undefined ? {} : { comment: request.comment }),
    },
  };
}

function mayDecide(
  run: Run,
  stage: Stage,
  rule: ApprovalRule,
  request: DecisionRequest,
  who: Person,
  now: Instant,
): Problem | undefined {
  const gate = stage.gate;
  if (gate === undefined) return { code: "not-waiting", status: stage.state.status };
  if (now >= gate.expiresAt) return { code: "expired", at: gate.expiresAt };
  if (gate.release !== request.release) return { code: "other-release", release: gate.release };
  if (!rule.from.some((group) => isMember(run.definition, group, who))) {
    return { code: "not-a-member", groups: rule.from };
  }
  if (rule.selfApproval || request.decision === "refuse") return undefined;
  const as = roleOf(run.people, who);
  return as === undefined ? undefined : { code: "self-approval", as };
}

function problem(run: Run, request: DecisionRequest, fault: Problem): DecisionResult {
  return { type: "problem", problem: fault, message: approvalProblem(run, request.stage, fault) };
}

/** How many distinct people have approved, and whether that is enough. */
export function quorum(stage: Stage): {
  readonly given: number;
  readonly required: number;
  readonly reached: boolean;
} {
  const given = stage.gate?.approvals.length ?? 0;
  const required = stage.definition.approval?.required ?? 0;
  return { given, required, reached: given >= required };
}

function isMember(definition: PipelineDefinition, group: string, who: Person): boolean {
  if (who.groups.includes(group)) return true;
  const listed = Object.hasOwn(definition.groups, group) ? definition.groups[group] : undefined;
  return (listed ?? []).some((name) => isSamePerson(name, who.name));
}

/** What the person had to do with the commit, if anything. */
function roleOf(people: People, who: Person): string | undefined {
  const { author, committer, pusher, starter } = people;
  const roles = { author, committer, pusher, starter };
  for (const [role, identity] of Object.entries(roles)) {
    if (identity !== undefined && isSamePerson(personOf(identity), who.name)) return role;
  }
  return undefined;
}

/**
 * The name a raw identity is compared by: the user of an IAM user's ARN, the session of an assumed role's, the address of
 * `Name <address>`; anything else as it is.
 */
export function personOf(identity: string): string {
  const arn = /^arn:[^:]*:(?:iam|sts)::\d*:(.+)$/.exec(identity);
  if (arn?.[1] !== undefined) return arn[1].split("/").at(-1) ?? identity;
  const address = /<([^<>]+)>\s*$/.exec(identity);
  return address?.[1] ?? identity;
}

/** Compared without case; a bare name and an address with that local part are taken for one person, to be on the safe side. */
export function isSamePerson(a: string, b: string): boolean {
  const [x, y] = [a.trim().toLowerCase(), b.trim().toLowerCase()];
  if (x === y) return true;
  if (x.includes("@") === y.includes("@")) return false;
  return localPart(x) === localPart(y);
}

function localPart(name: string): string {
  return name.split("@")[0] ?? name;
}
