import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { AwsError, type Caller, type LocalContext } from "../service.ts";
import type { BuildStore } from "./build-store.ts";
import { readInput } from "./input.ts";
import {
  type Build,
  type EnvironmentVariable,
  environmentType,
  environmentVariable,
  logsConfig,
  type Project,
  queuedTimeoutInMinutes,
  sourceType,
  timeoutInMinutes,
} from "./model.ts";
import { arnOfBuild } from "./names.ts";
import type { ProjectStore } from "./project-store.ts";

/** How long an idempotency token holds, in seconds. */
const TOKEN_LIFETIME_SECONDS = 5 * 60;

const startBuildInput = z.object({
  projectName: z.string().min(1),
  sourceVersion: z.string().optional(),
  sourceTypeOverride: sourceType.optional(),
  sourceLocationOverride: z.string().optional(),
  sourceAuthOverride: z.looseObject({ type: z.string() }).optional(),
  gitCloneDepthOverride: z.number().int().min(0).optional(),
  gitSubmodulesConfigOverride: z.looseObject({ fetchSubmodules: z.boolean() }).optional(),
  environmentTypeOverride: environmentType.optional(),
  imageOverride: z.string().min(1).optional(),
  computeTypeOverride: z.string().min(1).optional(),
  privilegedModeOverride: z.boolean().optional(),
  environmentVariablesOverride: z.array(environmentVariable).optional(),
  buildspecOverride: z.string().optional(),
  cacheOverride: z.looseObject({ type: z.string() }).optional(),
  serviceRoleOverride: z.string().min(1).optional(),
  logsConfigOverride: logsConfig.optional(),
  timeoutInMinutesOverride: timeoutInMinutes.optional(),
  queuedTimeoutInMinutesOverride: queuedTimeoutInMinutes.optional(),
  idempotencyToken: z.string().min(1).optional(),
});
type StartBuildInput = z.infer<typeof startBuildInput>;

export interface StartBuildOptions {
  readonly context: LocalContext;
  readonly projects: ProjectStore;
  readonly builds: BuildStore;
  readonly begin: (build: Build) => void;
}

/**
 * StartBuild. See https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html.
 *
 * @throws AwsError ResourceNotFoundException, InvalidInputException, AccountLimitExceededException
 */
export async function startBuild(
  options: StartBuildOptions,
  rawInput: unknown,
  caller: Caller,
): Promise<Build> {
  const { context, projects, builds } = options;
  const input = readInput(startBuildInput, rawInput);
  const token = input.idempotencyToken;
  const parameters = digestOf({ ...input, idempotencyToken: undefined });
  if (token !== undefined) {
    const earlier = builds.startedWith(token, context.now() / 1000 - TOKEN_LIFETIME_SECONDS);
    if (earlier?.parameters === parameters) return earlier.build;
    if (earlier !== undefined) {
      throw new AwsError(
        "InvalidInputException",
        `The idempotency token ${token} was used within the last five minutes with other parameters`,
      );
    }
  }
  const project = projects.find(input.projectName);
  if (project === undefined) {
    throw new AwsError("ResourceNotFoundException", `Project cannot be found: ${input.projectName}`);
  }
  refuseOverLimit(project, builds);
  // Nothing is awaited before the build is in the list, so that a second call with the same token finds it.
  const { buildNumber, stored } = projects.takeBuildNumber(project.name);
  const build = newBuild(context, project, input, { buildNumber, initiator: initiatorOf(caller) });
  await Promise.all([stored, builds.add(build, token === undefined ? undefined : { token, parameters })]);
  options.begin(build);
  return build;
}

/** A project with a `concurrentBuildLimit` rejects builds over it; without one they queue. */
function refuseOverLimit(project: Project, builds: BuildStore): void {
  const limit = project.concurrentBuildLimit;
  if (limit === undefined) return;
  const active = builds
    .list()
    .filter((build) => build.projectName === project.name && !build.buildComplete).length;
  if (active < limit) return;
  throw new AwsError(
    "AccountLimitExceededException",
    `Project ${project.name} already has ${active} builds under way; its concurrentBuildLimit is ${limit}`,
  );
}

function newBuild(
  context: LocalContext,
  project: Project,
  input: StartBuildInput,
  { buildNumber, initiator }: Pick<Build, "buildNumber" | "initiator">,
): Build {
  const uuid = randomUUID();
  const id = `${project.name}:${uuid}`;
  const now = context.now() / 1000;
  const sourceVersion = input.sourceVersion ?? project.sourceVersion;
  return {
    id,
    arn: arnOfBuild(context, id),
    buildNumber,
    startTime: now,
    currentPhase: "SUBMITTED",
    buildStatus: "IN_PROGRESS",
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
    projectName: project.name,
    phases: [
      {
        phaseType: "SUBMITTED",
        phaseStatus: "SUCCEEDED",
        startTime: now,
        endTime: now,
        durationInSeconds: 0,
      },
    ],
    source: sourceOf(project, input),
    artifacts: { location: "" },
    cache: input.cacheOverride ?? project.cache,
    environment: environmentOf(project, input),
    serviceRole: input.serviceRoleOverride ?? project.serviceRole,
    logs: logsOf(context, project, input, uuid),
    timeoutInMinutes: input.timeoutInMinutesOverride ?? project.timeoutInMinutes,
    queuedTimeoutInMinutes: input.queuedTimeoutInMinutesOverride ?? project.queuedTimeoutInMinutes,
    buildComplete: false,
    initiator,
  };
}

function sourceOf(project: Project, input: StartBuildInput): Build["source"] {
  const { gitSubmodulesConfigOverride: submodules, sourceLocationOverride: location } = input;
  return {
    ...project.source,
    ...(input.sourceTypeOverride === undefined ? {} : { type: input.sourceTypeOverride }),
    ...(location === undefined ? {} : { location }),
    ...(input.gitCloneDepthOverride === undefined ? {} : { gitCloneDepth: input.gitCloneDepthOverride }),
    ...(submodules === undefined ? {} : { gitSubmodulesConfig: submodules }),
    ...(input.buildspecOverride === undefined ? {} : { buildspec: input.buildspecOverride }),
    ...(input.sourceAuthOverride === undefined ? {} : { auth: input.sourceAuthOverride }),
  };
}

function environmentOf(project: Project, input: StartBuildInput): Build["environment"] {
  const variables = new Map<string, EnvironmentVariable>();
  for (const variable of project.environment.environmentVariables) variables.set(variable.name, variable);
  for (const variable of input.environmentVariablesOverride ?? []) variables.set(variable.name, variable);
  return {
    ...project.environment,
    environmentVariables: [...variables.values()],
    ...(input.environmentTypeOverride === undefined ? {} : { type: input.environmentTypeOverride }),
    ...(input.imageOverride === undefined ? {} : { image: input.imageOverride }),
    ...(input.computeTypeOverride === undefined ? {} : { computeType: input.computeTypeOverride }),
    ...(input.privilegedModeOverride === undefined ? {} : { privilegedMode: input.privilegedModeOverride }),
  };
}

function logsOf(
  context: LocalContext,
  project: Project,
  input: StartBuildInput,
  uuid: string,
): Build["logs"] {
  const config = (input.logsConfigOverride ?? project.logsConfig)?.cloudWatchLogs;
  if (config?.status === "DISABLED") return { cloudWatchLogs: config };
  const groupName = config?.groupName ?? `/aws/codebuild/${project.name}`;
  const streamName = config?.streamName === undefined ? uuid : `${config.streamName}/${uuid}`;
  const console = `https://console.aws.amazon.com/cloudwatch/home?region=${context.region}`;
  return {
    groupName,
    streamName,
    deepLink: `${console}#logEvent:group=${groupName};stream=${streamName}`,
    cloudWatchLogsArn: `arn:aws:logs:${context.region}:${context.accountId}:log-group:${groupName}:log-stream:${streamName}`,
    cloudWatchLogs: config ?? { status: "ENABLED" },
  };
}

/** A user's name, or `role/session`. */
function initiatorOf(caller: Caller): string {
  return /:(?:assumed-role|user)\/(.+)$/.exec(caller.arn)?.[1] ?? caller.arn;
}

/** Equal for equal parameters, in whatever order the members came. */
function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
}
