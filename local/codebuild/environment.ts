import type { AwsCredentials, LocalContext } from "../service.ts";
import type { Build } from "./model.ts";
import { arnOfProject } from "./names.ts";

export interface BuildFolders {
  /** All of this build's files; removed when it has ended. */
  readonly root: string;
  readonly source: string;
  readonly home: string;
  readonly temporary: string;
  readonly commands: string;
}

export interface EnvironmentOptions {
  readonly context: LocalContext;
  readonly build: Build;
  readonly folders: BuildFolders;
  /** The folders that programs are looked up in. */
  readonly path: string;
  /** The buildspec's own variables, which the project's and the build's override. */
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: AwsCredentials | undefined;
  /** What the `docker` command of builds needs to be answered. */
  readonly docker: Readonly<Record<string, string>>;
  readonly sourceUrl: string | undefined;
}

/**
 * The environment of a build's commands: nothing of this machine's but the PATH. In the order of precedence: the
 * buildspec, then project and build (merged already), then CodeBuild's own.
 * See https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html.
 */
export function buildEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { context, build, folders, credentials } = options;
  const configured = Object.fromEntries(
    build.environment.environmentVariables
      .filter(({ type }) => type === "PLAINTEXT")
      .map(({ name, value }) => [name, value]),
  );
  return {
    PATH: options.path,
    LANG: "C.UTF-8",
    HOME: folders.home,
    TMPDIR: folders.temporary,
    // Without it, git and npm of a build would read the configuration of the person at the machine.
    XDG_CONFIG_HOME: `${folders.home}/.config`,
    DOCKER_CONFIG: `${folders.home}/.docker`,
    AWS_DEFAULT_REGION: context.region,
    AWS_REGION: context.region,
    // On AWS the addresses are the defaults, and the credentials come from the container's role.
    AWS_ENDPOINT_URL: context.url,
    ...(credentials === undefined
      ? {}
      : {
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_SESSION_TOKEN: credentials.sessionToken,
        }),
    ...options.variables,
    ...configured,
    ...options.docker,
    ...codeBuildVariables(options),
  };
}

function codeBuildVariables(options: EnvironmentOptions): Record<string, string> {
  const { context, build, folders, sourceUrl } = options;
  return {
    CODEBUILD_CI: "true",
    CODEBUILD_BUILD_ARN: build.arn,
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_IMAGE: build.environment.image,
    CODEBUILD_BUILD_NUMBER: String(build.buildNumber),
    CODEBUILD_BUILD_SUCCEEDING: "1",
    CODEBUILD_BUILD_URL: `${context.url}/`,
    CODEBUILD_INITIATOR: build.initiator,
    CODEBUILD_KMS_KEY_ID: `arn:aws:kms:${context.region}:${context.accountId}:alias/aws/s3`,
    CODEBUILD_LOG_PATH: build.logs.streamName ?? "",
    CODEBUILD_PROJECT_ARN: arnOfProject(context, build.projectName),
    CODEBUILD_SRC_DIR: folders.source,
    CODEBUILD_START_TIME: String(Math.round(build.startTime * 1000)),
    ...(sourceUrl === undefined ? {} : { CODEBUILD_SOURCE_REPO_URL: sourceUrl }),
    ...(build.sourceVersion === undefined ? {} : { CODEBUILD_SOURCE_VERSION: build.sourceVersion }),
    ...(build.resolvedSourceVersion === undefined
      ? {}
      : { CODEBUILD_RESOLVED_SOURCE_VERSION: build.resolvedSourceVersion }),
  };
}
