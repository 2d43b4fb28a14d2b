import { isMember } from "../../shared/pipeline/approvals.ts";
import type { PipelineDefinition, StageDefinition } from "../../shared/pipeline/definition.ts";
import type { Caller } from "./caller.ts";

/**
 * Who may do what; the only place that says so, but for the rules of an approval itself (`approvals.ts`).
 *
 * | what | signed with IAM | signed in at the issuer |
 * | --- | --- | --- |
 * | read: every GET | whom a policy lets `GET` | everybody, or members of `readers` |
 * | operate: start and stop runs | whom a policy lets `POST` | members of `operators`, or of a group that a pipeline names |
 * | decide on a stage: approve, refuse, release a hold, roll back | members of the groups of the stage's approval | the same |
 * | the same, of a stage that asks for no approval | as operate | as operate |
 *
 * `docs/people.md` says the same to people.
 */
export interface Access {
  /** Groups, one of which a person who signed in needs to read; empty: none is needed. */
  readonly readers: readonly string[];
  /** The same, to operate; empty: the groups that pipelines name. */
  readonly operators: readonly string[];
}

/** Whether somebody may see runs, pipelines and the record. */
export function mayRead({ readers }: Access, { person, by }: Caller): boolean {
  return by === "iam" || readers.length === 0 || person.groups.some((group) => readers.includes(group));
}

/** Whether somebody may start and stop the runs of a pipeline. */
export function mayOperate({ operators }: Access, definition: PipelineDefinition, caller: Caller): boolean {
  if (caller.by === "iam") return true;
  const groups = operators.length > 0 ? operators : groupsNamed(definition);
  return groups.some((group) => isMember(definition, group, caller.person));
}

/** Whether somebody may decide what a stage runs. Of an approval itself there are more rules: `decide`. */
export function mayDecide(
  access: Access,
  definition: PipelineDefinition,
  { approval }: StageDefinition,
  caller: Caller,
): boolean {
  if (approval === undefined) return mayOperate(access, definition, caller);
  return approval.from.some((group) => isMember(definition, group, caller.person));
}

/** What somebody who may not operate is told. */
export function operatorsOf({ operators }: Access, definition: PipelineDefinition): string {
  const groups = operators.length > 0 ? operators : groupsNamed(definition);
  return groups.length === 0
    ? "nobody who signs in, as the pipeline names no group: set custom.people.operators in serverless.yml"
    : `members of ${groups.join(", ")}`;
}

function groupsNamed({ stages, groups }: PipelineDefinition): readonly string[] {
  const deciding = stages.flatMap(({ approval, overrides }) => [
    ...(approval?.from ?? []),
    ...(overrides ?? []),
  ]);
  return [...new Set([...deciding, ...Object.keys(groups)])];
}
