import { z } from "zod";

/**
 * The shapes of CodeBuild's service model that mean something on a laptop. Members that do not are kept as they came,
 * so that what was configured can be read back.
 * See https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html.
 */

export const environmentVariable = z.object({
  name: z.string().min(1),
  value: z.string(),
  type: z.enum(["PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"]).default("PLAINTEXT"),
});
export type EnvironmentVariable = z.infer<typeof environmentVariable>;

export const sourceType = z.enum([
  "CODECOMMIT",
  "CODEPIPELINE",
  "GITHUB",
  "GITLAB",
  "GITLAB_SELF_MANAGED",
  "S3",
  "BITBUCKET",
  "GITHUB_ENTERPRISE",
  "NO_SOURCE",
]);

export const projectSource = z.looseObject({
  type: sourceType,
  location: z.string().optional(),
  /** 0 is the whole history. */
  gitCloneDepth: z.number().int().min(0).optional(),
  gitSubmodulesConfig: z.looseObject({ fetchSubmodules: z.boolean() }).optional(),
  buildspec: z.string().optional(),
});
export type ProjectSource = z.infer<typeof projectSource>;

export const environmentType = z.enum([
  "LINUX_CONTAINER",
  "LINUX_GPU_CONTAINER",
  "LINUX_EC2",
  "LINUX_LAMBDA_CONTAINER",
  "ARM_CONTAINER",
  "ARM_EC2",
  "ARM_LAMBDA_CONTAINER",
  "MAC_ARM",
  "WINDOWS_CONTAINER",
  "WINDOWS_EC2",
  "WINDOWS_SERVER_2019_CONTAINER",
  "WINDOWS_SERVER_2022_CONTAINER",
]);

export const projectEnvironment = z.looseObject({
  type: environmentType,
  image: z.string().min(1),
  computeType: z.string().min(1),
  environmentVariables: z.array(environmentVariable).default([]),
  privilegedMode: z.boolean().default(false),
});
export type ProjectEnvironment = z.infer<typeof projectEnvironment>;

export const logsConfig = z.looseObject({
  cloudWatchLogs: z
    .looseObject({
      status: z.enum(["ENABLED", "DISABLED"]),
      groupName: z.string().optional(),
      streamName: z.string().optional(),
    })
    .optional(),
});

export const timeoutInMinutes = z.number().int().min(5).max(2160);
export const queuedTimeoutInMinutes = z.number().int().min(5).max(480);

export const projectName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9\-_]{1,149}$/,
    "2 to 150 letters, digits, - and _, beginning with a letter or digit",
  );

/** What a project is configured with, as CreateProject takes it. */
export const projectInput = z.looseObject({
  name: projectName,
  description: z.string().optional(),
  source: projectSource,
  sourceVersion: z.string().optional(),
  artifacts: z.looseObject({ type: z.enum(["NO_ARTIFACTS", "S3", "CODEPIPELINE"]) }),
  environment: projectEnvironment,
  serviceRole: z.string().min(1),
  timeoutInMinutes: timeoutInMinutes.default(60),
  queuedTimeoutInMinutes: queuedTimeoutInMinutes.default(480),
  logsConfig: logsConfig.optional(),
  cache: z.looseObject({ type: z.string() }).default({ type: "NO_CACHE" }),
  concurrentBuildLimit: z.number().int().min(1).optional(),
});

export const project = projectInput.extend({
  arn: z.string(),
  /** Seconds since the epoch. */
  created: z.number(),
  lastModified: z.number(),
});
export type Project = z.infer<typeof project>;

export const phaseType = z.enum([
  "SUBMITTED",
  "QUEUED",
  "PROVISIONING",
  "DOWNLOAD_SOURCE",
  "INSTALL",
  "PRE_BUILD",
  "BUILD",
  "POST_BUILD",
  "UPLOAD_ARTIFACTS",
  "FINALIZING",
  "COMPLETED",
]);
export type PhaseType = z.infer<typeof phaseType>;

export const status = z.enum(["IN_PROGRESS", "SUCCEEDED", "FAILED", "STOPPED", "FAULT", "TIMED_OUT"]);
export type Status = z.infer<typeof status>;

export const phaseContext = z.object({ statusCode: z.string(), message: z.string() });
export type PhaseContext = z.infer<typeof phaseContext>;

export const phase = z.object({
  phaseType,
  phaseStatus: status.optional(),
  /** Seconds since the epoch, as all times of a build. */
  startTime: z.number(),
  endTime: z.number().optional(),
  durationInSeconds: z.number().optional(),
  contexts: z.array(phaseContext).optional(),
});
export type Phase = z.infer<typeof phase>;

export const build = z.looseObject({
  id: z.string(),
  arn: z.string(),
  buildNumber: z.number(),
  startTime: z.number(),
  endTime: z.number().optional(),
  currentPhase: phaseType,
  buildStatus: status,
  sourceVersion: z.string().optional(),
  resolvedSourceVersion: z.string().optional(),
  projectName: z.string(),
  phases: z.array(phase),
  source: projectSource,
  artifacts: z.looseObject({ location: z.string() }),
  cache: z.looseObject({ type: z.string() }),
  environment: projectEnvironment,
  serviceRole: z.string(),
  logs: z.looseObject({
    groupName: z.string().optional(),
    streamName: z.string().optional(),
    deepLink: z.string().optional(),
    cloudWatchLogsArn: z.string().optional(),
  }),
  timeoutInMinutes: z.number(),
  queuedTimeoutInMinutes: z.number(),
  buildComplete: z.boolean(),
  initiator: z.string(),
  exportedEnvironmentVariables: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
});
export type Build = z.infer<typeof build>;
