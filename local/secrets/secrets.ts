import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AwsError, type LocalContext } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";
import { type Secret, secretSchema } from "./secret.ts";

const VERSION = 1;

export type SecretsContext = Pick<LocalContext, "accountId" | "region" | "stateDir" | "now">;

/** The secrets, in memory and in the state folder. */
export class Secrets {
  readonly #file: string;
  readonly #context: SecretsContext;
  readonly #byName: Map<string, Secret>;

  private constructor(context: SecretsContext, file: string, secrets: readonly Secret[]) {
    this.#context = context;
    this.#file = file;
    this.#byName = new Map(secrets.map((secret) => [secret.name, secret]));
  }

  /** @throws StateError naming the file when it holds something else */
  static async open(context: SecretsContext): Promise<Secrets> {
    const folder = join(context.stateDir, "secretsmanager");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, "secrets.json");
    const stored = await readState(file, VERSION);
    if (stored === undefined) return new Secrets(context, file, []);
    const parsed = z.array(secretSchema).safeParse(stored);
    if (parsed.success) return new Secrets(context, file, parsed.data);
    throw new StateError(`${file} does not hold secrets: move it away, or use another --state`);
  }

  list(): readonly Secret[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  named(name: string): Secret | undefined {
    return this.#byName.get(name);
  }

  /**
   * A secret by its name, its ARN, or its ARN without the six characters at the end.
   * @throws AwsError ResourceNotFoundException
   */
  get(id: string): Secret {
    const secret =
      this.#byName.get(id) ??
      this.list().find(({ arn }) => arn === id) ??
      this.list().find(({ arn }) => arn.replace(/-\w{6}$/, "") === id);
    if (secret !== undefined) return secret;
    throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
  }

  /** A secret without a version yet. */
  add(name: string, origin: Secret["origin"]): Secret {
    const { accountId, region, now } = this.#context;
    const suffix = randomBytes(12).toString("base64").replace(/[^\w]/g, "").slice(0, 6).padEnd(6, "x");
    const arn = `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${suffix}`;
    const secret: Secret = {
      ...{ name, arn, origin, tags: [], versions: [] },
      createdAt: now(),
      changedAt: now(),
    };
    this.#byName.set(name, secret);
    return secret;
  }

  remove(secret: Secret): void {
    this.#byName.delete(secret.name);
  }

  async save(): Promise<void> {
    await writeState(this.#file, VERSION, this.list());
  }
}
