import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AwsError } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";
import { digestOf } from "./digest.ts";
import type { Repository, StoredImage } from "./repository.ts";
import { tagMutabilitySettings } from "./tag-mutability.ts";

/** The version of what the files hold. */
const stateVersion = 1;

const savedRepository = z.object({
  name: z.string(),
  createdAt: z.number(),
  tagMutability: z.object({ setting: z.enum(tagMutabilitySettings), filters: z.array(z.string()) }),
  scanOnPush: z.boolean(),
  encryption: z.object({ encryptionType: z.string(), kmsKey: z.string().optional() }),
  lifecyclePolicy: z.string().optional(),
  layers: z.array(z.string()),
  images: z.array(
    z.object({
      digest: z.string(),
      mediaType: z.string(),
      size: z.number(),
      pushedAt: z.number(),
      imageSize: z.number(),
      artifactType: z.string().optional(),
      subject: z.string().optional(),
      annotations: z.record(z.string(), z.string()).optional(),
      children: z.array(z.string()),
    }),
  ),
  tags: z.array(z.tuple([z.string(), z.string()])),
});

/** The repositories: in memory to read, one JSON file each so that they survive a restart. */
export class RepositoryStore {
  readonly #folder: string;
  readonly #accountId: string;
  readonly #keyOf: (name: string) => string;
  readonly #repositories = new Map<string, Repository>();
  /** Per repository, the end of the queue of changes. */
  readonly #turns = new Map<string, Promise<unknown>>();

  private constructor(folder: string, accountId: string, keyOf: (name: string) => string) {
    this.#folder = folder;
    this.#accountId = accountId;
    this.#keyOf = keyOf;
  }

  /**
   * Reads every repository. A file that cannot be understood stops the start, with the remedy.
   * @param keyOf the name a repository is kept under, of any it may be asked for by
   */
  static async open(
    folder: string,
    accountId: string,
    keyOf: (name: string) => string = (name) => name,
  ): Promise<RepositoryStore> {
    await mkdir(folder, { recursive: true });
    const store = new RepositoryStore(folder, accountId, keyOf);
    for (const file of await readdir(folder)) {
      const path = join(folder, file);
      // What else is there is what a crash left half written.
      if (!file.endsWith(".json")) await rm(path, { force: true });
      else {
        const repository = await load(path);
        store.#repositories.set(repository.name, repository);
      }
    }
    return store;
  }

  get(name: string): Repository | undefined {
    return this.#repositories.get(this.#keyOf(name));
  }

  /** The repository, or RepositoryNotFoundException. */
  find(name: string, registryId = this.#accountId): Repository {
    const found = registryId === this.#accountId ? this.get(name) : undefined;
    if (found) return found;
    throw new AwsError(
      "RepositoryNotFoundException",
      `The repository with name '${name}' does not exist in the registry with id '${registryId}'. ` +
        `Create it first, for example: aws ecr create-repository --repository-name ${name}`,
    );
  }

  /** All of them, by name. */
  all(): readonly Repository[] {
    return [...this.#repositories.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Adds a repository, or says RepositoryAlreadyExistsException. */
  create(repository: Repository): Promise<void> {
    return this.#alone(repository.name, async () => {
      if (this.#repositories.has(repository.name)) {
        throw new AwsError(
          "RepositoryAlreadyExistsException",
          `The repository with name '${repository.name}' already exists in the registry with id '${this.#accountId}'`,
        );
      }
      await this.#save(repository);
    });
  }

  /**
   * Changes a repository: `change` sees the newest state, alone, and what it returns is on disk before anybody sees it.
   * Returning the very same value writes nothing.
   */
  update(
    name: string,
    change: (current: Repository) => Repository | Promise<Repository>,
  ): Promise<Repository> {
    return this.#alone(this.#keyOf(name), async () => {
      const current = this.find(name);
      const next = await change(current);
      if (next !== current) await this.#save(next);
      return next;
    });
  }

  /** Removes a repository if `check` (which may throw) lets it go. */
  remove(name: string, check: (current: Repository) => void): Promise<Repository> {
    return this.#alone(name, async () => {
      const current = this.find(name);
      check(current);
      await rm(this.#path(name));
      this.#repositories.delete(name);
      return current;
    });
  }

  #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(work);
    this.#turns.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }

  async #save(repository: Repository): Promise<void> {
    const { layers, images, tags, ...settings } = repository;
    const saved = { ...settings, layers: [...layers], images: [...images.values()], tags: [...tags] };
    await writeState(this.#path(repository.name), stateVersion, saved);
    this.#repositories.set(repository.name, repository);
  }

  #path(name: string): string {
    // "+" is in no repository's name; a very long name would not fit into a file's.
    const file = name.length <= 200 ? name.replaceAll("/", "+") : digestOf(name).slice("sha256:".length);
    return join(this.#folder, `${file}.json`);
  }
}

async function load(path: string): Promise<Repository> {
  const parsed = savedRepository.safeParse(await readState(path, stateVersion));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new StateError(
      `${path} does not hold an ECR repository (${issue?.path.join(".")}: ${issue?.message}): ` +
        "move the file away, or use another --state",
    );
  }
  const saved = parsed.data;
  const images = new Map(saved.images.map((image): [string, StoredImage] => [image.digest, image]));
  return { ...saved, layers: new Set(saved.layers), images, tags: new Map(saved.tags) };
}
