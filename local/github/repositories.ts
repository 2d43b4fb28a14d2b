import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { createBareRepository } from "../codecommit/bare-repository.ts";
import { readState, StateError, writeState } from "../state.ts";
import { idOf, parseFullName } from "./names.ts";
import { Records } from "./record-store.ts";

/** One repository: a bare git repository with what GitHub knows of it beside the objects. */
export interface GithubRepository {
  /** `OWNER/REPO` */
  readonly fullName: string;
  readonly owner: string;
  readonly name: string;
  readonly id: number;
  readonly directory: string;
  readonly private: boolean;
  readonly description: string | null;
  /** The full name of the repository that this one is a fork of. */
  readonly parent?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly pushedAt: number;
  readonly records: Records;
}

/** What is said of a repository that is made. */
export interface NewRepository {
  readonly owner: string;
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string | null;
  readonly parent?: string;
  /** Fills the new bare repository before anybody can see it. */
  readonly fill?: (directory: string) => Promise<void>;
}

export type Change = Partial<Pick<GithubRepository, "private" | "description" | "pushedAt">>;

export interface GithubRepositories {
  /** Upper and lower case are the same in a repository's name. */
  find(fullName: string): GithubRepository | undefined;
  list(): readonly GithubRepository[];
  /** The repository, made now when there is none; `created` says so to exactly one of several callers. */
  ensure(
    wanted: NewRepository,
  ): Promise<{ readonly repository: GithubRepository; readonly created: boolean }>;
  change(repository: GithubRepository, change: Change): Promise<GithubRepository>;
}

const METADATA_FILE = "tandem-repository.json";
const METADATA_VERSION = 1;

const metadataSchema = z.object({
  fullName: z.string(),
  private: z.boolean(),
  description: z.string().nullable(),
  parent: z.string().optional(),
  createdAt: z.number(),
  pushedAt: z.number(),
});

/**
 * Opens the repositories below a folder, which is created when it is missing.
 * @throws StateError naming the file when the stored state cannot be read
 */
export async function openGithubRepositories(folder: string, now: () => number): Promise<GithubRepositories> {
  await mkdir(folder, { recursive: true });
  const known = new Map<string, GithubRepository>();
  for (const owner of (await readdir(folder)).sort()) {
    if (owner.startsWith(".")) continue;
    for (const entry of (await readdir(join(folder, owner))).sort()) {
      if (!entry.endsWith(".git")) continue;
      const repository = await load(join(folder, owner, entry));
      known.set(keyOf(repository.fullName), repository);
    }
  }
  const creating = new Map<string, Promise<GithubRepository>>();

  const ensure = async (wanted: NewRepository) => {
    const key = keyOf(`${wanted.owner}/${wanted.name}`);
    const existing = known.get(key) ?? (await creating.get(key));
    if (existing !== undefined) return { repository: existing, created: false };
    const made = create(folder, wanted, now());
    creating.set(key, made);
    try {
      const repository = await made;
      known.set(key, repository);
      return { repository, created: true };
    } finally {
      creating.delete(key);
    }
  };

  return {
    find: (fullName) => known.get(keyOf(fullName)),
    list: () => [...known.values()].sort((a, b) => (a.fullName < b.fullName ? -1 : 1)),
    ensure,
    change: async (repository, change) => {
      const key = keyOf(repository.fullName);
      const changed = { ...(known.get(key) ?? repository), ...change };
      known.set(key, changed);
      await save(changed.directory, changed);
      return changed;
    },
  };
}

const keyOf = (fullName: string): string => fullName.toLowerCase();

async function create(folder: string, wanted: NewRepository, createdAt: number): Promise<GithubRepository> {
  const fullName = `${wanted.owner}/${wanted.name}`;
  const described = {
    fullName,
    private: wanted.private ?? false,
    description: wanted.description ?? null,
    ...(wanted.parent === undefined ? {} : { parent: wanted.parent }),
    createdAt,
    pushedAt: createdAt,
  };
  // In lower case: not every file system tells the cases apart.
  const parent = join(folder, wanted.owner.toLowerCase());
  await mkdir(parent, { recursive: true });
  const directory = join(parent, `${wanted.name.toLowerCase()}.git`);
  await createBareRepository(directory, async (draft) => {
    await save(draft, described);
    await wanted.fill?.(draft);
  });
  return repositoryOf(directory, described);
}

async function load(directory: string): Promise<GithubRepository> {
  const file = join(directory, METADATA_FILE);
  const parsed = metadataSchema.safeParse(await readState(file, METADATA_VERSION));
  if (!parsed.success || parseFullName(parsed.data.fullName) === undefined) {
    throw new StateError(
      `${file} is missing or not the description of a repository: move ${directory} away, or use another --state`,
    );
  }
  return repositoryOf(directory, parsed.data);
}

async function repositoryOf(
  directory: string,
  described: z.infer<typeof metadataSchema>,
): Promise<GithubRepository> {
  const [owner = "", name = ""] = described.fullName.split("/");
  const { parent, ...rest } = described;
  const id = idOf("repository", described.fullName);
  const records = await Records.open(directory, id);
  return { ...rest, ...(parent === undefined ? {} : { parent }), owner, name, id, directory, records };
}

async function save(directory: string, described: z.infer<typeof metadataSchema>): Promise<void> {
  await writeState(join(directory, METADATA_FILE), METADATA_VERSION, metadataSchema.parse(described));
}
