/**
 * The inside of dynalite, which has no types of its own. It is used without dynalite's HTTP server, so that an
 * error of the database reaches the caller instead of ending the process.
 */

declare module "dynalite/db/index.js" {
  interface Store {
    readonly db: { open(): Promise<void>; close(): Promise<void> };
    getTable(name: string, checkStatus: boolean, done: (error: unknown, table: unknown) => void): void;
  }

  const database: {
    create(options: {
      /** The LevelDB folder; in memory when it is left out. */
      readonly path?: string;
      readonly createTableMs: number;
      readonly deleteTableMs: number;
      readonly updateTableMs: number;
    }): Store;
  };
  export default database;
  export type { Store };
}

declare module "dynalite/validations/index.js" {
  import type { Store } from "dynalite/db/index.js";

  const validations: {
    /** Throws an Error with `statusCode` and `body`. */
    checkTypes(input: unknown, types: unknown): unknown;
    checkValidations(input: unknown, types: unknown, custom: unknown, store: Store): void;
  };
  export default validations;
}
