import type { Aws } from "../../../shared/effects/aws.ts";
import { memoryStore } from "../../../shared/store/memory-store.ts";
import type { Store } from "../../../shared/store/stream-store.ts";
import { FakeCodeBuild } from "../aws/codebuild.ts";
import { FakeCodeCommit } from "../aws/codecommit.ts";
import { FakeEcr } from "../aws/ecr.ts";
import { FakeEcs } from "../aws/ecs.ts";
import { ecsApi } from "../aws/ecs-api.ts";
import { fakeLogs } from "../aws/logs.ts";
import { PROJECTS, REGISTRY, sha256 } from "../aws/names.ts";
import { OneOffTasks } from "../aws/one-off-tasks.ts";
import { Checks } from "../checks/checks.ts";
import type { Machine } from "../invocation.ts";
import type { Sabotage } from "../sabotage.ts";
import { Builders } from "./builds.ts";
import { Bus } from "./bus.ts";
import {
  type Handler,
  onBuildChange,
  onDeploymentChange,
  onHookChange,
  onSweep,
  onTaskChange,
} from "./functions.ts";
import { Lambda } from "./lambda.ts";
import { buildPayload, deploymentPayload, hookPayload, taskPayload } from "./payloads.ts";
import { MINUTE, type Scenario } from "./scenario.ts";

/** Everything that is there: the functions, the store, AWS, and the checks that watch both. */
export class World {
  readonly machine: Machine;
  readonly scenario: Scenario;
  readonly codecommit = new FakeCodeCommit();
  readonly ecr: FakeEcr;
  readonly ecs: FakeEcs;
  readonly oneOffs: OneOffTasks;
  readonly codebuild: FakeCodeBuild;
  readonly checks: Checks;
  readonly bus: Bus;
  readonly store: Store;
  readonly lambda: Lambda;

  constructor(machine: Machine, scenario: Scenario, sabotage: Sabotage) {
    const { agenda, random, weather, trace } = machine;
    this.machine = machine;
    this.scenario = scenario;
    this.checks = new Checks(this.codecommit, { ecr: () => this.ecr, ecs: () => this.ecs });
    const { builds, images } = this.checks;
    this.bus = new Bus(machine);
    this.ecr = new FakeEcr(({ repository, digest, index }) => {
      images.put(machine.caller, repository, digest, index);
    });
    const builders = new Builders(
      machine,
      scenario,
      { codecommit: this.codecommit, ecr: this.ecr },
      (...built) => images.built(...built),
    );
    this.codebuild = new FakeCodeBuild(agenda, {
      courseOf: (build) => builders.courseOf(build),
      onStart: (build) => builds.started(build),
      onEnd: (build) => {
        trace.note(() => `build ${build.id} ends: ${build.status}`);
        const payload = buildPayload(build, random.chance(0.5));
        this.#send("build", `${build.id} ${build.status}`, onBuildChange(payload));
      },
    });
    this.ecs = new FakeEcs(agenda, {
      rolloutOf: (_service, { rollbackOf }) => ({
        milliseconds: random.between(10_000, 4 * MINUTE),
        fails: rollbackOf === undefined && weather.strikes("rollback", scenario.rates.rollback),
        failsOnArm:
          rollbackOf === undefined &&
          weather.strikes("one architecture fails", scenario.rates.oneArchitecture),
        missingTaskMilliseconds: random.chance(0.1) ? random.between(1_000, 90_000) : 0,
      }),
      onBegin: (service, deployment) => {
        const what = `${service.name} ${deployment.id} begins`;
        this.#send("deployment", what, onDeploymentChange(deploymentPayload(service, deployment)));
      },
      onEnd: (service, deployment) => {
        const what = `${service.name} ${deployment.id} ${deployment.rolloutState}`;
        trace.note(() => `deployment ends: ${what}`);
        if (deployment.isRolledBack) this.checks.stages.rolledBack(service, agenda.now);
        this.#send("deployment", what, onDeploymentChange(deploymentPayload(service, deployment)));
      },
      onPause: (service, deployment) => {
        trace.note(() => `${deployment.id} of ${service.name} waits for an answer`);
        this.#send("hook", deployment.id, onHookChange(hookPayload(service, deployment)));
      },
      restoresStrategy: random.chance(0.5),
    });
    this.oneOffs = new OneOffTasks(agenda, {
      courseOf: () => ({
        milliseconds: random.chance(0.1) ? 12 * MINUTE : random.between(3_000, 2 * MINUTE),
        exitCode: weather.strikes("task failed", scenario.rates.task) ? 1 : 0,
      }),
      onStart: (task) => this.checks.rollouts.taskStarted(machine.caller, task),
      onEnd: (task) => {
        trace.note(() => `task ${task.arn} ends: ${task.exitCode}`);
        this.#send("task", task.arn, onTaskChange(taskPayload(task)));
      },
    });
    this.ecr.give("base", "1");
    for (const { images: wanted } of scenario.pipelines) {
      for (const { name } of wanted) this.ecr.create(name, scenario.immutableTags);
    }
    for (const plan of scenario.services) this.ecs.create(plan);
    this.store = this.checks.watch(memoryStore());
    this.lambda = new Lambda(machine, {
      store: this.store,
      aws: this.#aws(),
      settings: {
        projects: PROJECTS,
        untrustedProjects: PROJECTS,
        githubUrl: "https://github.com",
        publicRegistryUrl: "https://public.ecr.aws",
        repositoryUris: Object.fromEntries(
          scenario.pipelines.flatMap((p) => p.images.map(({ name }) => [name, `${REGISTRY}/${name}`])),
        ),
        codecommitUrl: "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/",
        buildspec: "version: 0.2",
      },
      sha256,
      pipelines: scenario.pipelines,
      sabotage,
    });
  }

  #aws(): Aws {
    const { random, weather } = this.machine;
    return {
      codebuild: this.codebuild.api,
      codecommit: this.codecommit.api,
      ecr: this.ecr.api,
      ecrPublic: { getAuthorizationToken: () => Promise.reject(new Error("nothing is public here")) },
      ecs: ecsApi(this.ecs, this.ecr, {
        isCrowded: () => weather.strikes("throttle", 0.01),
        onUpdate: (service, before, after) => {
          this.checks.stages.updated(this.machine.caller, service, before, after);
          this.checks.rollouts.updated(this.machine.caller, this.oneOffs.all);
        },
        onAnswer: (hookId, action) => this.checks.rollouts.answered(this.machine.caller, hookId, action),
        oneOffs: this.oneOffs,
        reportsPlatformDigest: this.scenario.reportsPlatformDigest,
      }),
      query: (_service, _version, action) => Promise.reject(new Error(`${action} is not simulated`)),
      cloudwatch: { describeAlarms: async () => ({ MetricAlarms: [], CompositeAlarms: [] }) },
      lambda: {
        invoke: ({ FunctionName }) => Promise.reject(new Error(`${FunctionName} is no function here`)),
      },
      logs: random.chance(0.02) ? { getLogEvents: () => Promise.reject(missingLog()) } : fakeLogs,
    };
  }

  /** An event, on its way to its function. */
  #send(name: string, what: string, handler: Handler): void {
    this.bus.send(`${name} ${what}`, () => this.lambda.invoke(name, handler, { retried: true }));
  }

  sweep(): void {
    this.lambda.invoke("sweep", onSweep, { retried: false });
  }
}

function missingLog(): Error {
  const error = new Error("no such log stream");
  error.name = "ResourceNotFoundException";
  return error;
}
