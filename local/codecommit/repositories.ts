import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AwsError } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";
import { createBareRepository } from "./bare-repository.ts";

/** One repository: a bare git repository with what CodeCommit knows of it beside the objects. */
export interface Repository {
  readonly name: string;
  readonly id: string;
  readonly directory: string;
  readonly description?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Repositories {
  /** @throws AwsError RepositoryNameExistsException, InvalidRepositoryNameException */
  create(name: string, description?: string): Promise<Repository>;
  /** The repository, made now when there is none; `created` says so to exactly one of several callers. */
  ensure(name: string): Promise<{ readonly repository: Repository; readonly created: boolean }>;
  find(name: string): Repository | undefined;
  /** @throws AwsError RepositoryDoesNotExistException */
  get(name: string): Repository;
  list(): readonly Repository[];
  describe(name: string, description: string): Promise<void>;
  delete(name: string): Promise<Repository | undefined>;
}

const METADATA_FILE = "tandem-repository.json";
const METADATA_VERSION = 1;

const metadata = z.object({
  id: z.string(),
  createdAt: z.number(),
  description: z.string().optional(),
});

/** A CodeCommit repository name: 1–100 of letters, digits, `.`, `_`, `-`, not ending in `.git`. */
export function isRepositoryName(name: string): boolean {
  return /^[\w.-]{1,100}$/.test(name) && !name.endsWith(".git") && !/^\.+$/.test(name);
}

/**
 * Opens the repositories below a folder, which is created when it is missing.
 *
 * @throws Error naming the file when the stored state cannot be read
 */
export async function openRepositories(folder: string, now: () => number): Promise<Repositories> {
  await mkdir(folder, { recursive: true });
  const byName = new Map<string, Repository>();
  for (const entry of (await readdir(folder)).sort()) {
    if (!entry.endsWith(".git")) continue;
    const repository = await load(folder, entry.slice(0, -".git".length));
    byName.set(repository.name, repository);
  }
  const creating = new Map<string, Promise<Repository>>();

  const create = async (name: string, description?: string): Promise<Repository> => {
    if (!isRepositoryName(name)) throw invalidName(name);
    if (byName.has(name) || creating.has(name)) {
      throw new AwsError("RepositoryNameExistsException", `Repository named ${name} already exists`);
    }
    const made = initialize(folder, name, description, now());
    creating.set(name, made);
    try {
      const repository = await made;
      byName.set(name, repository);
      return repository;
    } finally {
      creating.delete(name);
    }
  };

  const get = (name: string): Repository => {
    if (!isRepositoryName(name)) throw invalidName(name);
    const repository = byName.get(name);
    if (repository === undefined) {
      throw new AwsError("RepositoryDoesNotExistException", `${name} does not exist`);
    }
    return repository;
  };

  const ensure = async (name: string) => {
    const existing = byName.get(name) ?? (await creating.get(name));
    if (existing !== undefined) return { repository: existing, created: false };
    return { repository: await create(name), created: true };
  };

  return {
    create,
    ensure,
    get,
    find: (name) => byName.get(name),
    list: () => [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    describe: async (name, description) => {
      const changed = { ...get(name), description };
      await save(changed);
      byName.set(name, changed);
    },
    delete: async (name) => {
      const repository = byName.get(name);
      if (repository === undefined) return undefined;
      byName.delete(name);
      // Renamed first: a folder that is half deleted must not come back at the next start.
      const doomed = join(folder, `.deleted-${randomUUID()}`);
      await rename(repository.directory, doomed);
      await rm(doomed, { recursive: true, force: true });
      return repository;
    },
  };
}

async function initialize(
  folder: string,
  name: string,
  description: string | undefined,
  createdAt: number,
): Promise<Repository> {
  const directory = join(folder, `${name}.git`);
  const described = description === undefined ? {} : { description };
  const repository: Repository = { name, id: randomUUID(), directory, createdAt, ...described };
  await createBareRepository(directory, (draft) => save({ ...repository, directory: draft }));
  return repository;
}

async function save(repository: Repository): Promise<void> {
  const { id, createdAt, description } = repository;
  await writeState(join(repository.directory, METADATA_FILE), METADATA_VERSION, {
    id,
    createdAt,
    description,
  });
}

async function load(folder: string, name: string): Promise<Repository> {
  const directory = join(folder, `${name}.git`);
  const file = join(directory, METADATA_FILE);
  const parsed = metadata.safeParse(await readState(file, METADATA_VERSION));
  if (!parsed.success) {
    throw new StateError(
      `${file} is missing or not the description of a repository: move ${directory} away, or use another --state`,
    );
  }
  const { id, createdAt, description } = parsed.data;
  return { name, id, directory, createdAt, ...(description === undefined ? {} : { description }) };
}

function invalidName(name: string): AwsError {
  return new AwsError(
    "InvalidRepositoryNameException",
    `The repository name ${JSON.stringify(name)} is not valid: use 1 to 100 letters, digits, periods, ` +
      "underscores and dashes, and do not end with .git",
  );
}
