import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { Api } from "./api.ts";
import { awsClients, closeClients } from "./clients.ts";
import { createCluster, steady } from "./clusters.ts";
import { Control } from "./control.ts";
import { LocalUp, PROJECT, type UpOptions } from "./local-up.ts";
import { projectWith } from "./project.ts";
import { Registry } from "./registry.ts";
import { WorkingCopy } from "./working-copy.ts";

// Runs are real work: on a machine that has other things to do a test of a second takes ten.
jest.setTimeout(60_000);

/** Everything that is asked of an address. */
export function connect(url: string) {
  const aws = awsClients(url);
  const close = () => closeClients(aws);
  return {
    url,
    aws,
    api: new Api(url),
    control: new Control(url),
    registry: new Registry(url, "hello"),
    close,
  };
}

/** A running `tandem local up`, and what is asked of it. */
export interface World extends Omit<ReturnType<typeof connect>, "close"> {
  readonly up: LocalUp;
  /** A clone of the repository `hello`, which is empty. */
  readonly copy: WorkingCopy;
  /** A folder for the test's own files. */
  readonly folder: string;
  /** The folder of the checkout that is served. */
  readonly project: string;
  readonly close: () => Promise<void>;
}

export interface WorldOptions extends UpOptions {
  /** Serves a checkout of its own with these pipelines, file name to content; it goes when the world is closed. */
  readonly pipelines?: Readonly<Record<string, string>>;
  /** Changes that checkout before it is served. */
  readonly prepare?: (folder: string) => Promise<void>;
}

/** Starts one, with the repository `hello` in it. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { pipelines, prepare, ...up } = options;
  if (pipelines === undefined) return openServed({ project: PROJECT, ...up });
  const project = await projectWith(pipelines);
  try {
    await prepare?.(project.folder);
    const world = await openServed({ ...up, project: project.folder });
    const close = async () => {
      await world.close();
      await project.remove();
    };
    return { ...world, close };
  } catch (error) {
    await project.remove();
    throw error;
  }
}

async function openServed(options: UpOptions & { readonly project: string }): Promise<World> {
  const { project } = options;
  const folder = await mkdtemp(join(tmpdir(), "e2e-"));
  const up = await LocalUp.start(options);
  const { close: disconnect, ...connected } = connect(up.url);
  const close = async () => {
    disconnect();
    await up.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await connected.aws.codeCommit.createRepository({ repositoryName: "hello" });
    const copy = await WorkingCopy.clone(`${up.url}/git/hello`, join(folder, "hello"));
    return { ...connected, up, copy, folder, project, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The clusters that pipelines/hello.yml deploys to, each with its service in steady state.
 * @param image what they run at first; one that nobody could execute, unless told
 */
export async function seed(
  { aws, url, registry }: World,
  clusters: readonly string[],
  image?: string,
  patienceMs?: number,
): Promise<void> {
  const first = image ?? `${new URL(url).host}/hello@${await registry.pushFirst()}`;
  await Promise.all(
    clusters.map(async (cluster) => {
      await createCluster(aws, cluster, first);
      await steady(aws, cluster, patienceMs);
    }),
  );
}
