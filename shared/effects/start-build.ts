import type { EnvironmentVariable, StartBuildCommandInput } from "@aws-sdk/client-codebuild";
import { BUILD_VARIABLES } from "../pipeline/build-report.ts";
import type { Command } from "../pipeline/commands.ts";
import type { Platform } from "../pipeline/definition.ts";
import type { RunEvent } from "../pipeline/events.ts";
import type { Run } from "../pipeline/run.ts";
import { accessRemedy, refusalOf } from "./access-denied.ts";
import { type EffectContext, facts, isError, type Outcome, type Settings } from "./context.ts";
import { findBuild } from "./find-build.ts";
import { repositoryUri } from "./repositories.ts";

type StartBuild = Extract<Command, { readonly type: "start-build" }>;

/**
 * Starts one platform's build. A claim taken over looks first for what the lost attempt started; within five minutes the
 * idempotency token would give that very build as well.
 */
export async function startBuild(context: EffectContext, run: Run, command: StartBuild): Promise<Outcome> {
  const { image, platform, attempt } = command;
  const key = { image: image.name, platform, attempt };
  const project = projectFor(context.settings, run, platform);
  const started = (buildId: string): RunEvent => ({
    type: "build.started",
    at: context.now(),
    ...key,
    buildId,
  });

  if (command.lease > 0) {
    const found = await findBuild(context.aws, project, { run: run.id, ...key });
    if (found !== undefined) return facts(started(found.buildId));
  }
  if (!command.start) return facts({ type: "build.stopped", at: context.now(), ...key });
  try {
    const { build } = await context.aws.codebuild.startBuild(startBuildInput(context, run, command, project));
    const id = build?.arn ?? build?.id;
    if (id === undefined) throw new Error(`StartBuild of ${project} answered without a build id`);
    return facts(started(id));
  } catch (error) {
    if (!isError(error, "InvalidInputException", "ResourceNotFoundException", "AccessDeniedException"))
      throw error;
    const what = `CodeBuild refused to build ${image.name} for ${platform} in project ${project}`;
    const remedy = accessRemedy(error) ?? "deploy the stack again, or mend the pipeline's image settings";
    const failure = refusalOf(what, error, remedy);
    return facts({ type: "build.failed", at: context.now(), ...key, failure, transient: false });
  }
}

/** Whether the build runs a stranger's code: it may not push then, and sees no secret. */
function isUntrusted(run: Run): boolean {
  return run.trigger.type === "pull-request" && run.trigger.fork;
}

/** 32-bit Arm images are built on 64-bit Arm machines. */
function projectFor(settings: Settings, run: Run, platform: Platform): string {
  const projects = isUntrusted(run) ? settings.untrustedProjects : settings.projects;
  return platform === "linux/amd64" ? projects.x86_64 : projects.arm64;
}

/** Where CodeBuild finds the commit. The commits of a fork are in the repository only as the pull request's head. */
function sourceOf(
  settings: Settings,
  { definition: { source }, revision, trigger }: Run,
): Pick<
  StartBuildCommandInput,
  "sourceTypeOverride" | "sourceLocationOverride" | "sourceVersion" | "sourceAuthOverride"
> {
  if (source.type === "codecommit") {
    return {
      sourceTypeOverride: "CODECOMMIT",
      sourceLocationOverride: settings.codecommitUrl + revision.repository,
      sourceVersion: revision.commit,
    };
  }
  const fork = trigger.type === "pull-request" && trigger.fork;
  return {
    sourceTypeOverride: "GITHUB",
    sourceLocationOverride: `${settings.githubUrl}/${source.repository}.git`,
    sourceVersion: fork ? `pr/${trigger.number}` : revision.commit,
    ...(source.connection === undefined || fork
      ? {}
      : { sourceAuthOverride: { type: "CODECONNECTIONS" as const, resource: source.connection } }),
  };
}

function startBuildInput(
  context: EffectContext,
  run: Run,
  { image, platform, attempt }: StartBuild,
  projectName: string,
): StartBuildCommandInput {
  const { settings } = context;
  const compute = image.compute[platform];
  return {
    projectName,
    // Hashed, since no two builds may share one, and `/` in names and platforms is no safe character.
    idempotencyToken: context.sha256([run.id, image.name, platform, attempt].join(" ")),
    ...sourceOf(settings, run),
    buildspecOverride: (isUntrusted(run) ? undefined : image.buildspec) ?? settings.buildspec,
    timeoutInMinutesOverride: image.timeoutMinutes,
    environmentVariablesOverride: variables(settings, run, image, platform, attempt),
    ...(compute === undefined ? {} : { computeTypeOverride: compute }),
  };
}

/** Only values that have been validated: the commit is 40 hexadecimal digits, names and paths are the definition's. */
function variables(
  settings: Settings,
  run: Run,
  image: StartBuild["image"],
  platform: Platform,
  attempt: number,
): EnvironmentVariable[] {
  const values: Readonly<Record<keyof typeof BUILD_VARIABLES, string>> = {
    run: run.id,
    image: image.name,
    platform,
    attempt: String(attempt),
    commit: run.revision.commit,
    version: `${run.sequence}`,
    repositoryUri: repositoryUri(settings, image),
    context: image.context,
    dockerfile: image.dockerfile,
    push: isUntrusted(run) ? "false" : "true",
    provenance: image.provenance === undefined ? "false" : `mode=${image.provenance}`,
    sbom: image.sbom === true ? "true" : "false",
  };
  return Object.entries(values).map(([key, value]) => ({
    name: BUILD_VARIABLES[key as keyof typeof BUILD_VARIABLES],
    value,
    type: "PLAINTEXT",
  }));
}
