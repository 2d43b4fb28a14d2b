import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { APPROVAL, approvalBy, T0 } from "./given.ts";
import { begun, entered, of, plus, quarantined, STAGE, stageWith, succeeded, target } from "./rolling.ts";

/** Runs that others are derived from: those that have brought a release to the stage. */

export const task = { run: "migrate", container: "web", command: ["true"], timeoutMinutes: 10 };
export const CAPACITY = { x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 3 } };

export const stage = stageWith(
  [
    target("api", { alarms: ["api-5xx"], bakeMinutes: 10, shift: [{ weights: { x86: 0 }, bakeMinutes: 1 }] }),
    target("web", { before: [task], taskDefinition: { from: "family" }, capacity: CAPACITY, needs: ["api"] }),
  ],
  {
    approval: APPROVAL,
    order: "parallel",
    onFailure: "go-back",
    pauseAt: ["POST_SCALE_UP"],
    url: "https://shop",
  },
);

/** A run that has brought its release to the stage. */
export function brought(...more: readonly RunEvent[]): Run {
  return plus(
    entered({
      ...stage,
      deploy: stage.deploy.map(({ before: _before, needs: _needs, shift: _shift, ...rest }) => rest),
    }),
    approvalBy("bob"),
    { type: "stage.deploying", at: T0, stage: STAGE },
    ...begun("api"),
    succeeded("api"),
    ...begun("web"),
    ...more,
    succeeded("web"),
  );
}

/** A run whose `web` begins once more, without arm64. */
export const doingWithout = brought(quarantined("web"), {
  type: "deployment.started",
  ...of("web"),
  serviceArn: "arn",
  taskDefinition: "web:2",
  deploymentId: "ecs-svc/web-again",
});
