import type { Command } from "../../shared/pipeline/commands.ts";
import type { EcsDeployment, StageDefinition } from "../../shared/pipeline/definition.ts";
import type { Derived } from "../../shared/pipeline/derive.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { buildIdOf, buildSucceeded, definition, digest, INDEX, MINUTE, published, started } from "./given.ts";
import type { Story } from "./story.ts";

/** What ECS and its people do with a release, for the transcripts of rollouts. */

export const PRODUCTION = "production";
export const service = (name: string, change: Partial<EcsDeployment> = {}): EcsDeployment => ({
  cluster: PRODUCTION,
  service: name,
  containers: { web: "hello" },
  ...change,
});
export const only = (deploy: readonly EcsDeployment[], change: Partial<StageDefinition> = {}) =>
  definition({ stages: [{ name: PRODUCTION, deploy, ...change }] });

export type About = Extract<Command, { readonly service: string }>;
export const keyOf = ({ stage, cluster, service: name }: About) => ({ stage, cluster, service: name });

/** The revision of a run: `web:2` is the first run's. */
export const revisionOf = (run: Run, name: string) =>
  run.restore?.[`${PRODUCTION}/${name}`] ?? `${name}:${run.sequence + 1}`;
export const idOf = (run: Run, { service: name, ...rest }: About) =>
  `ecs-svc/${name}-${run.sequence}${"step" in rest && rest.step > 0 ? `.${rest.step}` : ""}`;

/** ECS begins what it is asked for, and all goes well. */
export function goodDay(run: Run, command: Command, at: number): readonly RunEvent[] {
  switch (command.type) {
    case "start-build": {
      const { platform, attempt, image } = command;
      const key = { at, image: image.name, platform, attempt };
      return [
        { type: "build.started", ...key, buildId: buildIdOf(platform) },
        { ...buildSucceeded(platform), at },
      ];
    }
    case "publish-index":
      return [published({ at, digest: run.sequence === 1 ? INDEX : digest(`index ${run.sequence}`) })];
    case "deploy": {
      const deploymentId = idOf(run, command);
      const begun: RunEvent = {
        type: "deployment.started",
        at,
        ...keyOf(command),
        step: command.step,
        serviceArn: "arn",
        taskDefinition: revisionOf(run, command.service),
        deploymentId,
      };
      if (run.trigger.type !== "shift" || command.step > 0) return [begun];
      const reason = "the service runs the release already";
      return [
        begun,
        { type: "deployment.reported", at, ...keyOf(command), deploymentId, state: "COMPLETED", reason },
      ];
    }
    case "verify-deployment":
      return verified(run, command, at);
    case "run-task": {
      const { definition: task, when, index } = command;
      const key = { at, ...keyOf(command), when, index };
      return [
        {
          type: "task.started",
          ...key,
          taskArn: `task/${task.run}`,
          taskDefinition: revisionOf(run, command.service),
        },
      ];
    }
    case "ask-task":
      return [
        {
          type: "task.ended",
          at,
          ...keyOf(command),
          when: command.when,
          index: command.index,
          lines: ["done"],
        },
      ];
    case "answer-pause":
      return [
        { type: "pause.answered", at, ...keyOf(command), hookId: command.hookId, action: command.action },
      ];
    case "return-deployment":
      return [
        { type: "return.started", at, ...keyOf(command), deploymentId: `ecs-svc/${command.service}-back` },
      ];
    case "verify-return":
      return [{ type: "return.ended", at, ...keyOf(command) }];
    default:
      return [];
  }
}

/** The release holds: it bakes, then comes the next step, then it has succeeded. */
export function verified(
  run: Run,
  command: Extract<Command, { readonly type: "verify-deployment" }>,
  at: number,
): readonly RunEvent[] {
  const [stage] = run.stages;
  const target = stage?.definition.deploy.find((one) => one.service === command.service);
  const deployment =
    stage !== undefined && "deployments" in stage.state
      ? stage.state.deployments.find(({ prepared: one }) => one.service === command.service)
      : undefined;
  const { step = 0, state } = deployment ?? {};
  const seen = { deploymentId: command.deploymentId, tasks: { arm64: 3, x86_64: 1 }, digests: [INDEX] };
  const bake = (step === 0 ? target?.bakeMinutes : target?.shift?.[step - 1]?.bakeMinutes) ?? 0;
  if (state?.status === "in-progress" && bake > 0) {
    return [{ type: "deployment.baking", at, ...keyOf(command), ...seen, until: at + bake * MINUTE }];
  }
  if (state?.status === "baking" && at < state.until) return [];
  if (state?.status === "in-progress" && state.reported === undefined) return [];
  return step < (target?.shift?.length ?? 0)
    ? [{ type: "deployment.step-done", at, ...keyOf(command), step }]
    : [{ type: "deployment.succeeded", at, ...keyOf(command), ...seen }];
}

export function push(
  story: Story,
  sequence: number,
  letter: string,
  pipeline: ReturnType<typeof only>,
): void {
  story.says(`ada pushes commit ${letter.repeat(7)} to main; it is built`);
  const revision = { repository: "hello", ref: "refs/heads/main", commit: letter.repeat(40) };
  story.happens(`hello-${sequence}`, started({ sequence, revision, definition: pipeline }));
}

/** Somebody moves what is out, with a run of its own. */
export function moves(story: Story, sequence: number, words: string, derived: Derived): void {
  if ("problem" in derived) throw new Error(derived.problem);
  story.says(words);
  const { revision } = story.run("hello-1");
  story.happens(`hello-${sequence}`, started({ sequence, runId: `hello-${sequence}`, revision, ...derived }));
}

export function ends(
  story: Story,
  run: string,
  name: string,
  state: "COMPLETED" | "FAILED" = "COMPLETED",
  step = 0,
): void {
  story.now += MINUTE;
  story.says(`ECS ends the deployment of ${name}${step === 0 ? "" : `, step ${step}`}`);
  const deploymentId = `ecs-svc/${name}-${run.split("-")[1]}${step === 0 ? "" : `.${step}`}`;
  const key = { at: 0, stage: PRODUCTION, cluster: PRODUCTION, service: name };
  story.happens(run, { type: "deployment.reported", ...key, deploymentId, state, reason: "" });
}

/** What AWS answers from now on to one kind of command. */
export function answer<T extends Command["type"]>(
  story: Story,
  type: T,
  events: (command: Extract<Command, { readonly type: T }>, at: number) => readonly RunEvent[],
): void {
  const isMeant = (command: Command): command is Extract<Command, { readonly type: T }> =>
    command.type === type;
  story.answers = (run, command, at) => (isMeant(command) ? events(command, at) : goodDay(run, command, at));
}
