import { join } from "node:path";
import { readState, StateError, writeState } from "../state.ts";
import { type RecordsData, recordsSchema } from "./records.ts";

const FILE = "tandem-records.json";
const VERSION = 1;

/** Ids of one repository are apart from those of another: this many fit beside each other. */
const IDS_PER_REPOSITORY = 2_000_000;

/** The records of one repository, in memory and in its folder. */
export class Records {
  readonly data: RecordsData;
  readonly #file: string;
  readonly #repositoryId: number;
  /** A write that has not begun: it will hold everything that has changed until then. */
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(file: string, repositoryId: number, data: RecordsData) {
    this.#file = file;
    this.#repositoryId = repositoryId;
    this.data = data;
  }

  /** @throws StateError naming the file when it holds something else */
  static async open(directory: string, repositoryId: number): Promise<Records> {
    const file = join(directory, FILE);
    const stored = await readState(file, VERSION);
    if (stored === undefined) return new Records(file, repositoryId, emptyRecords());
    const parsed = recordsSchema.safeParse(stored);
    if (parsed.success) return new Records(file, repositoryId, parsed.data);
    throw new StateError(
      `${file} does not hold the records of a GitHub repository: move it away, or use another --state`,
    );
  }

  newId(): number {
    const counted = this.data.nextId;
    this.data.nextId += 1;
    return this.#repositoryId * IDS_PER_REPOSITORY + counted;
  }

  newNumber(): number {
    const number = this.data.nextNumber;
    this.data.nextNumber += 1;
    return number;
  }

  /** Resolves when everything that has changed so far is on disk; changes beside each other share a write. */
  save(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = writeState(this.#file, VERSION, this.data);
        return this.#running;
      });
    this.#next = next;
    return next;
  }
}

function emptyRecords(): RecordsData {
  return {
    nextId: 1,
    nextNumber: 1,
    statuses: [],
    checkRuns: [],
    deployments: [],
    pulls: [],
    releases: [],
    hooks: [],
  };
}
