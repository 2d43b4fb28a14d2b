import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openImageStore } from "../builder/image-store.ts";
import { requireExecutable } from "../codecommit/executable.ts";
import { hostPath } from "../codecommit/git.ts";
import type { Engine } from "../engine.ts";
import type { LocalContext, LocalService } from "../service.ts";
import { BuildRecord } from "./build-record.ts";
import { type After, type BuildHost, BuildRun } from "./build-run.ts";
import { type BuildStore, openBuildStore } from "./build-store.ts";
import { createBuildahBuilder } from "./docker/buildah.ts";
import type { ImageBuilder } from "./docker/builder.ts";
import { createBuiltInBuilder } from "./docker/built-in.ts";
import { createHostDockerAccess, type HostDocker, hostDocker } from "./docker/host-docker.ts";
import { createDockerRoute, DOCKER_ROUTE } from "./docker/route.ts";
import { createDockerSessions } from "./docker/sessions.ts";
import { buildPhaseChange, buildStateChange } from "./events.ts";
import type { Build } from "./model.ts";
import { codeBuildOperations } from "./operations.ts";
import { killWithVariable } from "./processes.ts";
import { applyProject } from "./project-resource.ts";
import { openProjectStore } from "./project-store.ts";
import { createBuildQueue } from "./queue.ts";

const SHIMS = join(dirname(fileURLToPath(import.meta.url)), "..", "shims");

/** What CodeBuild is handed besides context and engine. */
export interface CodeBuildDependencies {
  /** How many builds run side by side; the number of cores unless told, but at least two. */
  readonly concurrency?: number;
  /** The timer of time-outs; the system's unless told. */
  readonly after?: After;
  /** Where programs are looked up; this process's PATH unless told. */
  readonly path?: string;
  /** How docker is set up here; read from this process's environment unless told. */
  readonly docker?: HostDocker;
}

/**
 * CodeBuild on a laptop: runs the phases of a buildspec in bash, in a fresh checkout, with the `docker` and `aws`
 * commands of CodeBuild's images backed by what this machine has.
 *
 * @throws StateError naming the file when the stored state cannot be read
 */
export async function createCodeBuild(
  context: LocalContext,
  engine: Engine,
  dependencies: CodeBuildDependencies = {},
): Promise<LocalService> {
  await requireExecutable(["aws", "docker", "docker-with-daemon"].map((name) => join(SHIMS, name)));
  const folder = join(context.stateDir, "codebuild");
  const workFolder = join(folder, "work");
  const projects = await openProjectStore(join(folder, "projects"));
  const builds = await openBuildStore(join(folder, "builds"), context.say);
  const after = dependencies.after ?? startTimer;
  await endLostBuilds(context, builds);
  await rm(workFolder, { recursive: true, force: true });
  const path = dependencies.path ?? hostPath();
  const daemon = engine.name === "docker";
  const sessions = createDockerSessions(context.registryHost);
  const store = await openImageStore(join(folder, "images"));
  const builder = imageBuilder(context, engine, join(folder, "containers"));
  const host: BuildHost = {
    context,
    workFolder,
    shims: { aws: join(SHIMS, "aws"), docker: join(SHIMS, daemon ? "docker-with-daemon" : "docker") },
    path,
    docker: daemon ? createHostDockerAccess(dependencies.docker ?? hostDocker(path)) : sessions,
    after,
  };
  const queue = createBuildQueue(dependencies.concurrency ?? Math.max(2, availableParallelism()));
  return {
    targetPrefix: "CodeBuild_20161006",
    jsonVersion: "1.1",
    operations: codeBuildOperations({
      context,
      projects,
      builds,
      begin: (build) => {
        context.emit(buildStateChange(build));
        for (const submitted of build.phases) context.emit(buildPhaseChange(build, submitted));
        queue.add(new BuildRun(host, new BuildRecord(context, builds, build)));
      },
      stop: (build) => queue.stop(build.id, "STOPPED", "Build was stopped by StopBuild."),
    }),
    resources: { "AWS::CodeBuild::Project": (resource) => applyProject(context, projects, resource) },
    routes: {
      [DOCKER_ROUTE]: createDockerRoute({
        sessions,
        builder,
        builderName: engine.name === "podman" ? "buildah" : "the built-in builder",
        store,
        say: context.say,
      }),
    },
    close: async () => {
      await queue.close();
      await builder.close();
      await builds.flush();
    },
  };
}

/** Builds that ran when the emulator was killed are its fault, not theirs. Their processes may still be there. */
async function endLostBuilds(context: LocalContext, builds: BuildStore): Promise<void> {
  const message = "The local endpoint was stopped while this build was under way.";
  for (const build of builds.list().filter((stored: Build) => !stored.buildComplete)) {
    await killWithVariable(`CODEBUILD_BUILD_ID=${build.id}`);
    const record = new BuildRecord(context, builds, build);
    record.end("FAULT", { statusCode: "INTERNAL_SERVICE_ERROR", message });
    record.finish("FAULT");
  }
}

function imageBuilder(context: LocalContext, engine: Engine, folder: string): ImageBuilder {
  if (engine.name !== "podman") return createBuiltInBuilder(context.registryHost);
  return createBuildahBuilder({ folder, registryHost: context.registryHost, path: hostPath() });
}

const startTimer: After = (milliseconds, callback) => {
  const timer = setTimeout(callback, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
};
