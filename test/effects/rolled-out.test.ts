import type { Deployment, Service, Task } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "@jest/globals";
import { isRolledOut } from "../../shared/effects/rolled-out.ts";
import { digest, INDEX } from "../pipeline/given.ts";
import { fakeEcs, task } from "./ecs.ts";
import { fakeAws, operations } from "./fakes.ts";

const OURS: Deployment = { id: "ecs-svc/2", status: "PRIMARY", rolloutState: "IN_PROGRESS", runningCount: 2 };
const EXTERNAL: Service = { launchType: "EXTERNAL", desiredCount: 2 };

const left = (n: number, change: Task) => task(n, "ecs-svc/1", digest("old"), "arm64", change);
const AWAY = { connectivity: "DISCONNECTED", desiredStatus: "STOPPED" } as const;

/** With two new tasks that run, and what is left of the old. */
async function rolledOut(
  old: readonly Task[],
  service = EXTERNAL,
  deployment: Deployment | undefined = OURS,
) {
  const ecs = fakeEcs("anywhere");
  ecs.tasks.push(task(1, "ecs-svc/2", INDEX), task(2, "ecs-svc/2", INDEX), ...old);
  const { aws, calls } = fakeAws({ ecs: ecs.aws });
  const name = { cluster: "anywhere", service: "web" };
  return { done: await isRolledOut(aws, name, service, deployment), called: operations(calls) };
}

describe("a deployment on external instances of which one is disconnected", () => {
  test("is done when all that is left of the former is on that host: ECS would wait for as long as it is away", async () => {
    expect((await rolledOut([left(3, AWAY), left(4, AWAY)])).done).toBe(true);
  });

  test.each<[string, readonly Task[], Deployment]>([
    ["a task is left on a host that answers", [left(3, AWAY), left(4, { connectivity: "CONNECTED" })], OURS],
    ["nothing is left: ECS says so in a moment", [left(3, { ...AWAY, lastStatus: "STOPPED" })], OURS],
    ["its own tasks do not all run yet", [left(3, AWAY)], { ...OURS, runningCount: 1 }],
    ["it has failed", [left(3, AWAY)], { ...OURS, rolloutState: "FAILED" }],
    ["another has taken its place", [left(3, AWAY)], { ...OURS, status: "ACTIVE" }],
  ])("is not done while %s", async (_why, old, deployment) => {
    expect((await rolledOut(old, EXTERNAL, deployment)).done).toBe(false);
  });
});

describe("elsewhere nothing is asked: ECS says when it is done", () => {
  test.each([
    ["COMPLETED", true],
    ["IN_PROGRESS", false],
  ] as const)("%s", async (rolloutState, done) => {
    const service: Service = { launchType: "EC2", desiredCount: 2 };
    const answer = await rolledOut([left(3, AWAY)], service, { ...OURS, rolloutState });
    expect(answer).toEqual({ done, called: [] });
  });
});
