import fc from "fast-check";
import type { Platform } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { approvalBy, built, INDEX, prepared, published, refusalBy, T0 } from "./given.ts";

/** Events of every type, about things that exist and about some that do not, in no order at all. */

const at = fc.integer({ min: 0, max: 10 }).map((minutes) => T0 + minutes * 60_000);
const lease = fc.integer({ min: 0, max: 2 });
const failure = fc.constant({ reason: "it failed" });
const stage = fc.constantFrom("staging", "production", "nowhere");
const deployments = fc.constantFrom(1, 2).map((revision) => [prepared("production", revision)]);
const image = fc.constantFrom("hello", "other");
const buildId = fc.constantFrom("build-1", "build-2");
const deploymentId = fc.constantFrom("ecs-svc/1", "ecs-svc/2");

const build = {
  at,
  image,
  platform: fc.constantFrom<Platform>("linux/amd64", "linux/arm64", "linux/arm/v7"),
  attempt: fc.integer({ min: 1, max: 3 }),
};
const deployment = {
  at,
  stage,
  cluster: fc.constantFrom("staging", "production"),
  service: fc.constantFrom("web", "api"),
};
const type = <T extends RunEvent["type"]>(name: T) => ({ type: fc.constant(name) });

const builds: readonly fc.Arbitrary<RunEvent>[] = [
  fc.record({ ...type("build.requested"), ...build, lease }),
  fc.record({ ...type("build.started"), ...build, buildId }),
  fc.record({ ...type("build.succeeded"), ...build, buildId, built: fc.constant(built("linux/amd64")) }),
  fc.record({ ...type("build.failed"), ...build, failure, transient: fc.boolean() }),
  fc.record({ ...type("build.log-read"), ...build, lines: fc.constant(["the last line"]) }),
  fc.record({ ...type("build.stop-requested"), ...build, lease }),
  fc.record({ ...type("build.stopped"), ...build }),
];

const images: readonly fc.Arbitrary<RunEvent>[] = [
  fc.record({ ...type("index.publish-requested"), at, image, lease }),
  fc.record({ at, image }).map(published),
  fc.record({ ...type("index.failed"), at, image, failure }),
];

const stages: readonly fc.Arbitrary<RunEvent>[] = [
  fc.record({ ...type("stage.waited"), at, stage, behind: fc.constant("hello-0"), why: fc.constant("busy") }),
  fc.record({ ...type("stage.entered"), at, stage, deployments }),
  fc.record({ ...type("gate.voided"), at, stage, why: fc.constant("changed"), deployments }),
  fc.record({ at, release: fc.constantFrom(INDEX, "other") }).map((change) => approvalBy("bob", change)),
  fc.constant(refusalBy("carol")),
  fc.record({ ...type("approval.expired"), at, stage }),
  fc.record({ ...type("stage.deploying"), at, stage }),
  fc.record({ ...type("stage.failed"), at, stage, failure }),
  fc.record({ ...type("stage.left"), at, stage }),
];

const rollouts: readonly fc.Arbitrary<RunEvent>[] = [
  fc.record({ ...type("deployment.requested"), ...deployment, lease }),
  fc.record({
    ...type("deployment.started"),
    ...deployment,
    deploymentId,
    serviceArn: fc.constant("arn"),
    taskDefinition: fc.constant("web:2"),
  }),
  fc.record({
    ...type("deployment.reported"),
    ...deployment,
    deploymentId,
    state: fc.constantFrom("IN_PROGRESS", "COMPLETED", "FAILED"),
    reason: fc.constant(""),
  }),
  fc.record({
    ...type("deployment.succeeded"),
    ...deployment,
    tasks: fc.constant({ arm64: 1 }),
    digests: fc.constant([INDEX]),
  }),
  fc.record({ ...type("deployment.failed"), ...deployment, failure, rolledBack: fc.boolean() }),
];

const failedTask = fc.constantFrom(undefined, { reason: "exit code 1" });
const task = {
  ...deployment,
  when: fc.constantFrom("before" as const, "after" as const),
  index: fc.nat({ max: 1 }),
};
const hookId = fc.constantFrom("hook-1", "hook-2");
const taskArn = fc.constantFrom("task/1", "task/2");
const person = { person: fc.constantFrom("bob", "carol"), identity: fc.constant("arn") };

/** What a stage with tasks, pauses, steps and a way back adds. */
const steps: readonly fc.Arbitrary<RunEvent>[] = [
  fc.record({
    ...type("deployment.paused"),
    ...deployment,
    hookId,
    serviceDeploymentArn: fc.constant("arn"),
    lifecycleStage: fc.constantFrom("PRE_SCALE_UP", "POST_SCALE_UP"),
    expiresAt: at,
  }),
  fc.record({ ...type("pause.answer-requested"), ...deployment, hookId, lease }),
  fc.record({
    ...type("pause.answered"),
    ...deployment,
    hookId,
    action: fc.constantFrom("CONTINUE", "ROLLBACK"),
  }),
  fc.record({ at, hookId }).map((change) => approvalBy("bob", change)),
  fc.record({
    ...type("deployment.baking"),
    ...deployment,
    deploymentId,
    until: at,
    tasks: fc.constant({ arm64: 1 }),
    digests: fc.constant([INDEX]),
  }),
  fc.record({ ...type("deployment.step-done"), ...deployment, step: fc.nat({ max: 2 }) }),
  fc.record({
    ...type("deployment.quarantined"),
    ...deployment,
    deploymentId,
    quarantine: fc.record({
      architecture: fc.constantFrom("x86_64", "arm64"),
      providers: fc.constant(["graviton"]),
      failure,
    }),
    verdict: fc.constant([]),
  }),
  fc.record({ ...type("return.requested"), ...deployment, lease }),
  fc.record({ ...type("return.started"), ...deployment, deploymentId }),
  fc.record({ ...type("return.ended"), ...deployment }),
  fc.record({ ...type("return.ended"), ...deployment, failure }),
  fc.record({ ...type("task.requested"), ...task, lease }),
  fc.record({ ...type("task.started"), ...task, taskArn, taskDefinition: fc.constant("web:2") }),
  fc.record({ ...type("task.reported"), ...task, taskArn }),
  fc
    .record({ ...type("task.ended"), ...task, lines: fc.constant([]), failure: failedTask })
    .map(({ failure: one, ...event }) => (one === undefined ? event : { ...event, failure: one })),
  fc.record({ ...type("run.stop-requested"), at, ...person, reason: fc.constant("wrong") }),
  fc.record({ ...type("stage.stopped"), at, stage }),
  fc.record({ ...type("gate.overridden"), at, stage, ...person, reason: fc.constant("urgent") }),
  fc.record({ ...type("approval.withdrawn"), at, stage, ...person, release: fc.constant(INDEX) }),
  fc.record({
    ...type("checks.reported"),
    at,
    stage,
    results: fc.constantFrom([], [{ name: "alarm", state: "failed" as const }]),
  }),
];

const ends: readonly fc.Arbitrary<RunEvent>[] = [
  fc.record({ ...type("run.superseded"), at, by: fc.constant("hello-2") }),
  fc.record({
    ...type("run.finished"),
    at,
    outcome: fc.constantFrom("succeeded", "failed"),
    reason: fc.constant(""),
  }),
];

/** Ends are rare, so that most sequences go on for a while. */
export const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  ...[...builds, ...images, ...stages, ...rollouts, ...steps].map((arbitrary) => ({ arbitrary, weight: 10 })),
  ...ends.map((arbitrary) => ({ arbitrary, weight: 1 })),
);
