import type {
  ApprovalRule,
  EcsDeployment,
  ImageDefinition,
  Mode,
  PipelineDefinition,
  Platform,
  StageDefinition,
} from "../../../shared/pipeline/definition.ts";
import type { Random } from "../random.ts";
import { deploymentExtras, stageExtras, together } from "./extras.ts";
import { GROUPS } from "./people.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What a schedule plays with, drawn once per seed. */
export interface Scenario {
  readonly pipelines: readonly PipelineDefinition[];
  readonly services: readonly ServicePlan[];
  readonly immutableTags: boolean;
  /** How long after the beginning faults stop, in milliseconds. */
  readonly faultsFor: number;
  readonly pushes: number;
  /** Builds of one commit give the same bytes each time. */
  readonly reproducible: boolean;
  readonly reportsPlatformDigest: boolean;
  readonly rates: {
    readonly transientBuild: number;
    readonly badCommit: number;
    readonly rollback: number;
    /** That a deployment which could fails on arm64 only. */
    readonly oneArchitecture: number;
    readonly task: number;
    readonly foreign: number;
    readonly gone: number;
  };
}

export interface ServicePlan {
  readonly cluster: string;
  readonly name: string;
  readonly family: string;
  readonly containers: readonly string[];
  readonly desired: number;
  readonly rollsBack: boolean;
}

/** Many pushes in modes in which older commits may still go first: what is late meets what is newer. */
export function busy(scenario: Scenario): Scenario {
  return {
    ...scenario,
    pushes: 8,
    pipelines: scenario.pipelines.map((pipeline) => ({
      ...pipeline,
      mode: pipeline.mode === "superseded" ? "parallel" : pipeline.mode,
      source: { ...pipeline.source, paths: [], ignoreAuthors: [] },
      stages: [],
    })),
    services: [],
  };
}

export function drawScenario(random: Random): Scenario {
  const names = random.chance(0.7) ? ["web"] : ["web", "api"];
  const shared = random.chance(0.5);
  const sharedFamily = random.chance(0.15);
  const atGitHub = random.chance(0.4);
  const pipelines = names.map((name) => pipeline(random, name, shared ? "shop" : `shop-${name}`, atGitHub));
  const services = pipelines.flatMap((definition) =>
    definition.stages.flatMap((stage) =>
      stage.deploy.map(
        (deployment): ServicePlan => ({
          cluster: deployment.cluster,
          name: deployment.service,
          family: sharedFamily ? definition.name : deployment.service,
          containers: ["proxy", ...Object.keys(deployment.containers)],
          desired: random.between(1, 4),
          rollsBack: random.chance(0.7),
        }),
      ),
    ),
  );
  return {
    pipelines,
    services,
    immutableTags: random.chance(0.3),
    faultsFor: random.between(10, 40) * MINUTE,
    pushes: random.pick([1, 2, 2, 3, 3, 4]),
    reproducible: random.chance(0.3),
    reportsPlatformDigest: random.chance(0.5),
    rates: {
      transientBuild: random.pick([0, 0.05, 0.3]),
      badCommit: random.pick([0, 0, 0.1, 0.3]),
      rollback: random.pick([0, 0.1, 0.4]),
      oneArchitecture: random.pick([0, 0, 0.2, 0.6]),
      task: random.pick([0, 0.1, 0.3]),
      foreign: random.pick([0, 0, 0.3, 1]),
      gone: random.pick([0, 0, 0, 0.3]),
    },
  };
}

function pipeline(random: Random, name: string, repository: string, atGitHub: boolean): PipelineDefinition {
  const modes: readonly Mode[] = ["superseded", "superseded", "queued", "parallel"];
  const images = random.chance(0.75) ? [name] : [name, `${name}-worker`];
  const stageNames = random.pick([
    [],
    ["staging"],
    ["staging", "production"],
    ["staging", "production"],
    ["production"],
  ]);
  const filters = {
    repository,
    branches: ["main", "release/*"],
    tags: ["v*"],
    paths: random.pick([[], [], ["**", "!docs/**"], [`${name}*/**`]]),
    ignoreAuthors: random.chance(0.1) ? ["mallory@example.com"] : [],
  };
  return {
    name,
    source: atGitHub
      ? { type: "github", ...filters, pullRequests: "off", forks: "off", releases: false }
      : { type: "codecommit", ...filters, pullRequests: "off", approvalState: false },
    schedule: [],
    rebuildOn: [],
    mode: random.pick(modes),
    images: images.map((image) => imageDefinition(random, image)),
    stages: stageNames.map((stage) => stageDefinition(random, stage, name, images)),
    groups: GROUPS,
  };
}

function imageDefinition(random: Random, name: string): ImageDefinition {
  const choices: readonly (readonly Platform[])[] = [
    ["linux/amd64", "linux/arm64"],
    ["linux/amd64", "linux/arm64"],
    ["linux/arm64"],
    ["linux/amd64", "linux/arm64", "linux/arm/v7"],
  ];
  return {
    name,
    context: ".",
    dockerfile: "Dockerfile",
    platforms: random.pick(choices),
    tags: random.pick([["{branch}", "{sha}"], ["{shortSha}"], ["{semver}", "{branch}"]]),
    compute: {},
    timeoutMinutes: 20,
    paths: random.chance(0.4) ? [`${name}/**`] : [],
  };
}

function stageDefinition(
  random: Random,
  name: string,
  pipelineName: string,
  images: readonly string[],
): StageDefinition {
  const rule: ApprovalRule = {
    from: ["release-managers"],
    required: random.pick([1, 1, 2]),
    expiresAfter: random.pick([20 * MINUTE, 2 * HOUR, 7 * DAY]),
    selfApproval: random.chance(0.2),
  };
  const containers = Object.fromEntries(
    images.map((image, index) => [index === 0 ? "app" : "worker", image]),
  );
  const names = [pipelineName, `${pipelineName}-jobs`, `${pipelineName}-mail`];
  const services = names.slice(0, random.pick([1, 1, 1, 2, 2, 3]));
  const gated = name === "production" ? random.chance(0.85) : random.chance(0.1);
  const extras = stageExtras(random, gated);
  return {
    name,
    ...(gated ? { approval: rule } : {}),
    ...extras,
    deploy: services.map(
      (service, index): EcsDeployment => ({
        cluster: name,
        service,
        containers,
        ...deploymentExtras(random, extras),
        ...together(random, extras, services.slice(0, index)),
      }),
    ),
  };
}
