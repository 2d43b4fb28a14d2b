import { isGated, isOver, type Run } from "./api.ts";
import { createCluster } from "./clusters.ts";
import { sweepLater } from "./later-sweep.ts";
import { command } from "./moves.ts";
import { eventually } from "./poll.ts";
import { projectWith } from "./project.ts";
import { CLUSTER, createServices, LOGS } from "./services.ts";
import type { Ran } from "./tandem.ts";
import { git } from "./working-copy.ts";
import { openWorld, type World } from "./world.ts";

const PATIENCE_MS = 45_000;
const BUILDS_PATIENCE_MS = 120_000;

/** A pipeline that follows the branch of its name; a commit that leaves its image's files alone needs no build. */
const pipeline = (name: string, stages: string): string => `
name: ${name}
source: { codecommit: { repository: hello, branches: [${name}] } }
images:
  - { name: hello, platforms: [linux/amd64, linux/arm64], tags: [], paths: [Dockerfile, "bin/**"] }
stages:
${stages}
`;

/** A stage's deployment of the one image to the cluster. */
export const service = (name: string, more = ""): string =>
  `{ ecs: { cluster: ${CLUSTER}, service: ${name}, containers: { web: hello }${more} } }`;

/** A world with services in the cluster, and what is done with its runs. */
export interface ServiceWorld extends World {
  /** What the services run at first. */
  readonly image: string;
  /** Waits for a run of a pipeline by its number, until it can be looked at. */
  readonly begun: (pipelineName: string, number?: number) => Promise<string>;
  /** Follows a run to its end. */
  readonly ended: (id: string) => Promise<Run>;
  /** Waits until a stage of a run asks somebody. */
  readonly gated: (id: string, stage: string) => Promise<Run>;
  /** Waits until a run explains itself with these words. */
  readonly waitFor: (id: string, text: string) => Promise<Run>;
  /** A commit upon a branch's newest; without a file of the image it needs no build. @returns its run's id */
  readonly push: (branch: string, files: Readonly<Record<string, string | Buffer>>) => Promise<string>;
  /** Checks a branch's newest commit out; a branch that is not there yet is to begin at the commit that is. */
  readonly checkOut: (branch: string) => Promise<void>;
  /**
   * The first commit, upon which all branches begin at once. Waits until their images are built, which on a busy machine takes
   * longer than a test may.
   * @param except branches whose first run is to be watched
   */
  readonly beginAll: (
    files: Readonly<Record<string, string | Buffer>>,
    except?: readonly string[],
  ) => Promise<void>;
  /** The `tandem` command as alice. */
  readonly said: (...args: string[]) => Promise<Ran>;
  /** Sweeps so many minutes later than the last time; checks and alarms are asked again each minute. */
  readonly sweepLater: (minutes?: number) => Promise<void>;
}

/**
 * Opens a world of services that are at rest, each with a family of its own.
 * @param pipelines name to stages
 * @param prepare changes the checkout before it is packaged
 */
export async function openServices(
  pipelines: Readonly<Record<string, string>>,
  names: readonly string[],
  prepare: (folder: string) => Promise<void> = async () => undefined,
): Promise<ServiceWorld> {
  const files = Object.entries(pipelines).map(([name, stages]) => [`${name}.yml`, pipeline(name, stages)]);
  const project = await projectWith(Object.fromEntries(files));
  let world: World | undefined;
  const close = async () => {
    await world?.close();
    await project.remove();
  };
  try {
    await prepare(project.folder);
    world = await openWorld({ project: project.folder });
    const { aws, url, registry } = world;
    await aws.logs.createLogGroup({ logGroupName: LOGS });
    const image = `${new URL(url).host}/hello@${await registry.pushFirst()}`;
    await createCluster(aws, CLUSTER, image);
    await createServices(aws, names, image);
    return { ...world, close, image, ...actsOn(world, project.folder, Object.keys(pipelines)) };
  } catch (error) {
    await close();
    throw error;
  }
}

function actsOn(world: World, folder: string, branches: readonly string[]) {
  const { api, aws, copy, url } = world;
  let aheadMs = 0;
  const checkOut = async (branch: string): Promise<void> => {
    const { branches: there = [] } = await aws.codeCommit.listBranches({ repositoryName: "hello" });
    if (!there.includes(branch)) return;
    const { branch: found } = await aws.codeCommit.getBranch({ repositoryName: "hello", branchName: branch });
    await git(copy.folder, ["checkout", "--quiet", "--detach", found?.commitId ?? ""]);
  };
  const begun = (pipelineName: string, number = 1): Promise<string> => {
    const id = `${pipelineName}-${number}`;
    const look = async () => ((await api.send("GET", `/api/runs/${id}`)).status === 200 ? id : undefined);
    return eventually(look, id);
  };
  return {
    checkOut,
    beginAll: async (
      files: Readonly<Record<string, string | Buffer>>,
      except: readonly string[] = [],
    ): Promise<void> => {
      await copy.commit(files);
      const begins = branches.filter((one) => !except.includes(one));
      for (const branch of begins) await copy.push("carol", `HEAD:refs/heads/${branch}`);
      for (const branch of begins)
        await api.until(await begun(branch), ({ status }) => status !== "building", BUILDS_PATIENCE_MS);
    },
    begun,
    ended: (id: string) => api.until(id, isOver, PATIENCE_MS),
    gated: (id: string, stage: string) => api.until(id, isGated(stage), PATIENCE_MS),
    waitFor: (id: string, text: string) =>
      api.until(id, ({ explanation }) => explanation.some((line) => line.includes(text)), PATIENCE_MS),
    push: async (branch: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> => {
      await checkOut(branch);
      const commit = await copy.commit(files);
      await copy.push("carol", `HEAD:refs/heads/${branch}`);
      return api.runOf(commit);
    },
    said: (...args: string[]) => command(world, args),
    sweepLater: (minutes = 1): Promise<void> => {
      aheadMs += minutes * 60_000;
      return sweepLater(aws, url, aheadMs, folder);
    },
  };
}
