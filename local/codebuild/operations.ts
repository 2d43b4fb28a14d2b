import { z } from "zod";
import { AwsError, type LocalContext, type Operation } from "../service.ts";
import type { BuildStore } from "./build-store.ts";
import { listInput, page, readInput } from "./input.ts";
import { type Build, projectInput, projectName } from "./model.ts";
import { idOfBuild } from "./names.ts";
import { storedProject } from "./project-resource.ts";
import type { ProjectStore } from "./project-store.ts";
import { startBuild } from "./start-build.ts";

export interface OperationsOptions {
  readonly context: LocalContext;
  readonly projects: ProjectStore;
  readonly builds: BuildStore;
  readonly begin: (build: Build) => void;
  readonly stop: (build: Build) => void;
}

const MAXIMUM_NAMES = 100;
const ids = z.array(z.string().min(1)).min(1).max(MAXIMUM_NAMES);
const forProject = listInput.extend({ projectName });
const byId = z.object({ id: z.string().min(1) });

/** The operations. See https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Operations.html. */
export function codeBuildOperations(options: OperationsOptions): Readonly<Record<string, Operation>> {
  return { ...projectOperations(options), ...buildOperations(options) };
}

function projectOperations({ context, projects }: OperationsOptions): Readonly<Record<string, Operation>> {
  return {
    CreateProject: async (input) => {
      const given = readInput(projectInput, input);
      if (projects.find(given.name) !== undefined) {
        throw new AwsError("ResourceAlreadyExistsException", `Project already exists: ${given.name}`);
      }
      const project = storedProject(context, given, undefined);
      await projects.put(project);
      return { project };
    },
    BatchGetProjects: async (input) => {
      const { names } = readInput(z.object({ names: ids }), input);
      const found = names.map((name) => projects.find(name.slice(name.lastIndexOf("/") + 1)));
      return {
        projects: found.filter((project) => project !== undefined),
        projectsNotFound: names.filter((_, index) => found[index] === undefined),
      };
    },
    ListProjects: async (input) => {
      const { sortOrder, nextToken } = readInput(listInput, input);
      const names = projects.list().map(({ name }) => name);
      const listed = page(sortOrder === "DESCENDING" ? names.reverse() : names, nextToken);
      return { projects: listed.items, nextToken: listed.nextToken };
    },
  };
}

function buildOperations(options: OperationsOptions): Readonly<Record<string, Operation>> {
  const { projects, builds } = options;
  const existing = (idOrArn: string): Build => {
    const build = builds.find(idOfBuild(idOrArn));
    if (build !== undefined) return build;
    throw new AwsError("ResourceNotFoundException", `Build cannot be found: ${idOrArn}`);
  };
  const listed = (all: readonly Build[], input: z.infer<typeof listInput>) => {
    const newestFirst = all.map(({ id }) => id);
    const { items, nextToken } = page(
      input.sortOrder === "ASCENDING" ? newestFirst.reverse() : newestFirst,
      input.nextToken,
    );
    return { ids: items, nextToken };
  };
  return {
    StartBuild: async (input, caller) => ({ build: await startBuild(options, input, caller) }),
    BatchGetBuilds: async (input) => {
      const asked = readInput(z.object({ ids }), input).ids;
      const found = asked.map((id) => builds.find(idOfBuild(id)));
      return {
        builds: found.filter((build) => build !== undefined),
        buildsNotFound: asked.filter((_, index) => found[index] === undefined),
      };
    },
    ListBuilds: async (input) => listed(builds.list(), readInput(listInput, input)),
    ListBuildsForProject: async (input) => {
      const asked = readInput(forProject, input);
      if (projects.find(asked.projectName) === undefined) {
        throw new AwsError("ResourceNotFoundException", `Project cannot be found: ${asked.projectName}`);
      }
      const all = builds.list().filter((build) => build.projectName === asked.projectName);
      return listed(all, asked);
    },
    StopBuild: async (input) => {
      const build = existing(readInput(byId, input).id);
      if (!build.buildComplete) options.stop(build);
      return { build: existing(build.id) };
    },
  };
}
