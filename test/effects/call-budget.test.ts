import { expect, test } from "@jest/globals";
import { advanceAll, runStream } from "../../shared/advance.ts";
import { decideStage } from "../../shared/decide-stage.ts";
import { getBuilds } from "../../shared/effects/find-build.ts";
import { perform } from "../../shared/effects/perform.ts";
import { stageStream } from "../../shared/effects/stage-lock.ts";
import { BUILD_VARIABLES, EXPORTED_VARIABLES, interpretBuild } from "../../shared/pipeline/build-report.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { evolveStageLock, FREE, type StageLockEvent } from "../../shared/pipeline/stage-lock.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import {
  buildIdOf,
  buildStarted,
  definition,
  INDEX,
  prepared,
  STAGING,
  stageEntered,
  started,
  T0,
  UNTIL_GATED,
} from "../pipeline/given.ts";
import { BASE, fakeEcs } from "./ecs.ts";
import { contextOf } from "./fakes.ts";
import { registry, succeeded } from "./registry.ts";
import { chainTo, steps, type TracedCall, Tracer } from "./tracer.ts";

/**
 * The figure: from the last build's success event to UpdateService at most 12 AWS calls one after another; calls side by
 * side count once. The stage asks for no approval.
 */
const BUDGET = 12;
/** The same from a release manager's word, which was the last that was missing. */
const APPROVAL_BUDGET = 9;

const last = succeeded("linux/arm64");
const named = (values: Readonly<Record<string, string>>, names: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => ({ name: names[key] ?? key, value }));

/** What BatchGetBuilds says of the last build. */
const LAST_BUILD = {
  arn: buildIdOf("linux/arm64"),
  buildStatus: "SUCCEEDED",
  environment: {
    type: "ARM_CONTAINER",
    image: "i",
    computeType: "BUILD_GENERAL1_SMALL",
    environmentVariables: named(
      { run: "hello-1", image: "hello", platform: "linux/arm64", attempt: "1" },
      BUILD_VARIABLES,
    ),
  },
  exportedEnvironmentVariables: named(
    {
      digest: last.built.digest,
      size: String(last.built.size),
      mediaType: last.built.mediaType,
      configDigest: last.built.configDigest,
      configPlatform: last.built.configPlatform,
    },
    EXPORTED_VARIABLES,
  ),
} as const;

/** A run whose last build has just succeeded, and what follows from that. */
async function traced(eventIsComplete: boolean) {
  const tracer = new Tracer();
  const store = memoryStore();
  const given: readonly RunEvent[] = [
    started({ definition: definition({ stages: [STAGING] }) }),
    buildStarted("linux/amd64"),
    buildStarted("linux/arm64"),
    succeeded("linux/amd64"),
  ];
  await store.streams.append(runStream("hello-1"), 0, given);

  const { environment, exportedEnvironmentVariables, ...rest } = LAST_BUILD;
  const build = {
    ...rest,
    environment: { ...environment, environmentVariables: [...environment.environmentVariables] },
    exportedEnvironmentVariables: [...exportedEnvironmentVariables],
  };
  const aws = tracer.aws({
    codebuild: { batchGetBuilds: async () => ({ builds: [build] }) },
    ecr: registry(),
    ecs: fakeEcs("staging").aws,
  });
  const tracedStore = tracer.store(store);
  const context = contextOf(aws, tracedStore);
  const deps = { store: tracedStore, now: () => T0, perform: perform.bind(undefined, context) };

  const event = eventIsComplete ? last : await asked(aws);
  await advanceAll(deps, "hello-1", event);
  return tracer.calls;
}

/** The event did not carry what the build exported, as CodeBuild's documentation allows: BatchGetBuilds is asked. */
async function asked(aws: Parameters<typeof getBuilds>[0]): Promise<RunEvent> {
  const { builds } = await getBuilds(aws, [LAST_BUILD.arn]);
  const [report] = builds;
  const reported = report === undefined ? undefined : interpretBuild(report, T0);
  if (reported?.type !== "event") throw new Error("BatchGetBuilds did not tell of the build");
  return reported.event;
}

test.each([
  ["that carries what was exported", true],
  ["that does not", false],
])(
  `from a success event %s to UpdateService at most ${BUDGET} calls follow one another`,
  async (_what, complete) => {
    keepsTo(BUDGET, await traced(complete));
  },
);

test(`from an approval to UpdateService at most ${APPROVAL_BUDGET} calls follow one another`, async () => {
  keepsTo(APPROVAL_BUDGET, await approved());
});

/** Prints the calls as they followed one another, whether or not there are too many. */
function keepsTo(budget: number, calls: readonly TracedCall[]): void {
  const update = calls.find(({ name }) => name === "UpdateService");
  if (update === undefined)
    throw new Error(`UpdateService was not called, only ${calls.map(({ name }) => name).join(", ")}`);
  const chain = chainTo(calls, update);
  const listed = `${chain.length} AWS calls one after another:\n  ${steps(calls, chain).join("\n  ")}\n`;
  process.stdout.write(listed);
  if (chain.length > budget) throw new Error(`${budget} are allowed; ${listed}`);
  expect(chain.at(-1)?.name).toBe("UpdateService");
}

/** A run at production's gate, and the one word that it waits for. */
async function approved(): Promise<readonly TracedCall[]> {
  const tracer = new Tracer();
  const store = memoryStore();
  const gated = UNTIL_GATED.slice(0, -1);
  const seen = { ...prepared("production"), baseTaskDefinition: BASE };
  await store.streams.append(runStream("hello-1"), 0, [...gated, stageEntered("production", [seen])]);
  const entered: StageLockEvent = { type: "stage.entered", runId: "hello-1", sequence: 1, phase: "gated" };
  const lock = evolveStageLock(FREE, entered);
  await store.streams.append(stageStream("hello", "production"), 0, [entered], lock);
  const { aws: ecs, images } = fakeEcs("production");
  const tracedStore = tracer.store(store);
  const context = contextOf(tracer.aws({ ecs, ecr: images }), tracedStore);
  const deps = { store: tracedStore, now: () => T0, perform: perform.bind(undefined, context) };
  const request = { stage: "production", decision: "approve", release: INDEX } as const;
  const bob = { name: "bob", identity: "bob", aliases: [], groups: ["release-managers"] };
  expect(await decideStage(deps, "hello-1", request, bob)).toMatchObject({ result: { type: "decided" } });
  return tracer.calls;
}

test("the index takes two ECR calls, one after the other", async () => {
  const calls = await traced(true);
  const ecr = calls.filter(({ name }) => /Image/.test(name));
  const lastPut = ecr.findLast(({ name }) => name.startsWith("PutImage"));
  if (lastPut === undefined) throw new Error("ECR was not called");
  expect(chainTo(ecr, lastPut).map(({ name }) => name.split(" ")[0])).toEqual(["BatchGetImage", "PutImage"]);
});
