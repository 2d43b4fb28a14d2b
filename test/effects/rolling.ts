import type { Service, Task } from "@aws-sdk/client-ecs";
import type { Aws } from "../../shared/effects/aws.ts";
import { deploy } from "../../shared/effects/deploy.ts";
import type { EcsDeployment, StageDefinition } from "../../shared/pipeline/definition.ts";
import type { PreparedDeployment, RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { deploymentsOf } from "../../shared/pipeline/run.ts";
import { INDEX, REPOSITORY_URI, stageOf, T0 } from "../pipeline/given.ts";
import { entered, plus, STAGE, stageWith, target } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs, fakeEcs, task } from "./ecs.ts";
import { contextOf, fakeAws, operations, type Provided, said } from "./fakes.ts";

/** The service `web` of cluster `production`, at revision 1, and a run that rolls it to revision 2. */

export const NEXT = BASE.replace(/1$/, "2");
export const RELEASE = `${REPOSITORY_URI}@${INDEX}`;
export const OURS = "ecs-svc/2";
export const web = { stage: STAGE, cluster: STAGE, service: "web" } as const;
export const of = { at: T0, ...web };

export const BOTH = { x86: { base: 0, weight: 1 }, graviton: { base: 0, weight: 3 } };
export const HOSTS = { x86_64: ["x86"], arm64: ["graviton"] };

export function rolling(
  change: Partial<EcsDeployment> = {},
  looked: Partial<PreparedDeployment> = {},
  stage: Partial<StageDefinition> = {},
): Run {
  return entered(stageWith([target("web", change)], stage), {
    baseTaskDefinition: BASE,
    baseCapacity: BOTH,
    ...looked,
  });
}

/** Revision 2 of the service's family: the release's. */
export function register(ecs: FakeEcs): void {
  ecs.revisions.set(NEXT, {
    tags: [],
    document: {
      taskDefinitionArn: NEXT,
      family: "web",
      status: "ACTIVE",
      containerDefinitions: [{ name: "web", image: RELEASE }],
    },
  });
}

/** The step has been claimed. */
export const claimed: RunEvent = { type: "deployment.requested", ...of, lease: 0 };

/** The step has been claimed, and ECS has begun it. */
export function started(deploymentId = OURS, step = 0): readonly RunEvent[] {
  return [
    claimed,
    {
      type: "deployment.started",
      ...of,
      step,
      serviceArn: "arn",
      taskDefinition: NEXT,
      deploymentId,
      found: { hosts: HOSTS },
    },
  ];
}

export const stepDone = (step: number): RunEvent => ({ type: "deployment.step-done", ...of, step });

export const strategyOf = (service: Service) =>
  Object.fromEntries(
    (service.capacityProviderStrategy ?? []).map(({ capacityProvider, weight }) => [
      capacityProvider,
      weight,
    ]),
  );

/** AWS around the service, and what is asked of it. */
export function around(ecs: FakeEcs, change: Partial<Aws["ecs"]> = {}, more: Omit<Provided, "ecs"> = {}) {
  const { aws, calls } = fakeAws({ ecr: ecs.images, ...more, ecs: { ...ecs.aws, ...change } });
  return {
    context: contextOf(aws),
    calls,
    called: () => operations(calls),
    update: (field: string) =>
      said(
        calls.findLast(({ operation }) => operation === "UpdateService"),
        field,
      ),
    updates: () => operations(calls).filter((name) => name === "UpdateService").length,
  };
}

/** A run after more events, and its stage. */
export function at(run: Run, ...events: readonly RunEvent[]) {
  const now = plus(run, ...events);
  return { run: now, stage: stageOf(now), deployment: deploymentsOf(stageOf(now).state)[0] };
}

export const running = (n: number, architecture = "arm64", change: Task = {}) =>
  task(n, OURS, INDEX, architecture, change);

/** The service as it is at first: one task of four on x86, three on Graviton. */
export function onTwoProviders(): FakeEcs {
  const ecs = fakeEcs(STAGE);
  Object.assign(ecs.service, {
    capacityProviderStrategy: Object.entries(BOTH).map(([capacityProvider, share]) => ({
      capacityProvider,
      ...share,
    })),
  });
  return ecs;
}

/** Carries the command to deploy out; what it found, and what was asked of AWS. */
export async function deployOn(
  ecs: FakeEcs,
  run: Run,
  { step = 0, lease = 0 }: { readonly step?: number; readonly lease?: number } = {},
  change: Partial<Aws["ecs"]> = {},
  more: Omit<Provided, "ecs"> = {},
) {
  const { context, ...seen } = around(ecs, change, more);
  const { stage } = at(run);
  const { events } = await deploy(context, run, stage, { type: "deploy", ...web, step, lease });
  return { events, ...seen };
}

/** What `deployOn` takes after the service and the run. */
export type DeployRest =
  Parameters<typeof deployOn> extends readonly [unknown, unknown, ...infer Rest] ? Rest : never;

/** The service runs the release, and rests. */
export async function releaseOn(ecs: FakeEcs, change: object = {}): Promise<void> {
  register(ecs);
  await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: NEXT, ...change });
  Object.assign(ecs.service.deployments?.[0] ?? {}, { rolloutState: "COMPLETED" });
}
