import type { ApprovalRule, PipelineDefinition } from "./definition.ts";
import type { Decider, Instant, RunEvent } from "./events.ts";
import {
  canonicalName,
  isSameAmong,
  isSamePerson,
  namesOf,
  type Person,
  vouchedNamesOf,
} from "./identities.ts";
import { type Standing, standingOf } from "./lost-approvals.ts";
import { approvalProblem } from "./messages.ts";
import type { Problem } from "./problem.ts";
import type { PauseState, Run, Stage } from "./run.ts";
import { isTerminal } from "./run.ts";

export type Decision = "approve" | "refuse" | "withdraw";

export interface DecisionRequest {
  readonly stage: string;
  readonly decision: Decision;
  /** What the person has seen: must be the gate's release. */
  readonly release: string;
  /** How often the gate had been voided when it was looked at; left out: only the release counts. */
  readonly round?: number;
  readonly comment?: string;
  /** From where it came, for the record. */
  readonly from?: string;
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

  const pause = openPause(stage);
  const standing = standingOf(run, stage);
  const decider = deciderOf(run.definition, who);
  const before = (pause ?? standing).approvals.find((given) => isSameDecider(given, decider));
  if (before !== undefined && request.decision === "approve" && stage.gate?.release === request.release) {
    return { type: "already", message: `${decider.person} has approved ${request.stage} already` };
  }
  if (isTerminal(run))
    return problem(run, request, { code: "not-waiting", status: endOf(run, stage, standing) });
  if ((stage.state.status !== "gated" && pause === undefined) || stage.gate === undefined) {
    return problem(run, request, { code: "not-waiting", status: stage.state.status });
  }
  const { gate } = stage;
  if (request.round !== undefined && request.round !== gate.voided.length) {
    return problem(run, request, { code: "changed", changed: gate.voided.slice(request.round) });
  }
  if (request.decision === "withdraw") return withdrawn(run, request, decider, before, now);
  const fault = mayDecide(run, stage, rule, request, who, now);
  if (fault !== undefined) return problem(run, request, fault);
  return {
    type: "decided",
    event: {
      type: request.decision === "approve" ? "approval.given" : "approval.refused",
      at: now,
      stage: request.stage,
      release: request.release,
      ...(pause === undefined ? {} : { hookId: pause.hookId }),
      ...decider,
      ...(request.from === undefined ? {} : { from: request.from }),
      ...(request.comment === undefined ? {} : { comment: request.comment }),
    },
  };
}

/** "superseded by hello-2; bob had approved, and hello-2 is newer and took its place". */
function endOf({ status }: Run, { gate }: Stage, { voided }: Standing): string {
  const ended = status.status === "superseded" ? `superseded by ${status.by}` : status.status;
  return [ended, ...voided.slice(gate?.voided.length ?? 0)].join("; ");
}

/** Until the quorum is there: afterwards the stage is on its way. */
function withdrawn(
  run: Run,
  request: DecisionRequest,
  decider: Decider,
  before: Decider | undefined,
  now: Instant,
): DecisionResult {
  const { stage, release } = request;
  if (before === undefined) return problem(run, request, { code: "not-given" });
  return {
    type: "decided",
    event: {
      type: "approval.withdrawn",
      at: now,
      stage,
      release,
      ...decider,
      // The one that is taken back, as it was given.
      person: before.person,
      ...(request.from === undefined ? {} : { from: request.from }),
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
  const { expiresAt } = openPause(stage) ?? gate;
  if (now >= expiresAt) return { code: "expired", at: expiresAt };
  if (gate.release !== request.release) return { code: "other-release", release: gate.release };
  if (!rule.from.some((group) => isMember(run.definition, group, who))) {
    return { code: "not-a-member", groups: rule.from };
  }
  if (rule.selfApproval || request.decision === "refuse") return undefined;
  const as = barredAs(run, who);
  return as === undefined ? undefined : { code: "self-approval", as };
}

function problem(run: Run, request: DecisionRequest, fault: Problem): DecisionResult {
  return { type: "problem", problem: fault, message: approvalProblem(run, request.stage, fault) };
}

/** The first deployment of the stage that ECS has paused, and that our people have not decided on. */
export function openPause(stage: Stage): PauseState | undefined {
  if (stage.state.status !== "deploying") return undefined;
  for (const { state } of stage.state.deployments) {
    if (state.status !== "in-progress" || state.pause === undefined) continue;
    const { pause } = state;
    const decided =
      pause.refusedBy !== undefined || quorumOf(stage.definition.approval, pause.approvals).reached;
    if (!decided && pause.answered === undefined) return pause;
  }
  return undefined;
}

/** How many distinct people have approved, and whether that is enough. */
export function quorum(stage: Stage): Quorum {
  return quorumOf(stage.definition.approval, stage.gate?.approvals ?? []);
}

export interface Quorum {
  readonly given: number;
  readonly required: number;
  readonly reached: boolean;
}

/** The same, of a gate or of a pause. */
export function quorumOf(rule: ApprovalRule | undefined, approvals: readonly unknown[]): Quorum {
  const required = rule?.required ?? 0;
  return { given: approvals.length, required, reached: approvals.length >= required };
}

/**
 * Whether somebody is in a group: the identity says so, or the definition lists one of the names that the identity vouches
 * for. A listed address takes a bare name with that local part; a listed name takes no address, of whichever domain.
 */
export function isMember(definition: PipelineDefinition, group: string, who: Person): boolean {
  if (who.groups.includes(group)) return true;
  const listed = Object.hasOwn(definition.groups, group) ? definition.groups[group] : undefined;
  const names = vouchedNamesOf(definition.identities, who);
  return (listed ?? []).some((one) =>
    names.some(
      (name) => one.toLowerCase() === name.toLowerCase() || (one.includes("@") && isSamePerson(one, name)),
    ),
  );
}

/** What the person had to do with the commit, if anything: who has may not approve it where the rule forbids that. */
export function barredAs({ people, definition }: Run, who: Person): string | undefined {
  const { author, committer, pusher, starter, starterNames = [] } = people;
  const { identities } = definition;
  const names = namesOf(identities, who);
  const roles = Object.entries({ author, committer, pusher, starter });
  const known = (role: string) => (role === "starter" ? starterNames : []);
  const found = roles.find(
    ([role, one]) => one !== undefined && isSameAmong(identities, [one, ...known(role)], names),
  );
  return found?.[0];
}

/** What the record keeps of whoever decides: the name that counts, the raw identity, and all other names. */
export function deciderOf({ identities }: PipelineDefinition, who: Person): Decider {
  const person = canonicalName(identities, who);
  const known = [person, who.identity];
  const aliases = namesOf(identities, who).filter((name) => !known.includes(name));
  return { person, identity: who.identity, ...(aliases.length === 0 ? {} : { aliases }) };
}

/** Whether two decisions are one person's, by any of the names: nobody counts twice. */
export function isSameDecider(a: Decider, b: Decider): boolean {
  const names = ({ person, aliases = [] }: Decider) => [person, ...aliases];
  return names(a).some((one) => names(b).some((other) => isSamePerson(one, other)));
}
