import { randomBytes } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { z } from "zod";
import { readState, StateError, writeState } from "../state.ts";

const VERSION = 1;

const keySchema = z.object({
  kid: z.string(),
  createdAt: z.number(),
  /** When another key took its place. */
  retiredAt: z.number().optional(),
  jwk: z.looseObject({ kty: z.literal("RSA"), n: z.string(), e: z.string(), d: z.string() }),
});

type StoredKey = z.infer<typeof keySchema>;

/** What a token is signed with. */
export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** A key of the issuer as everybody may see it. */
export interface PublicKey {
  readonly kty: "RSA";
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "RS256";
  readonly n: string;
  readonly e: string;
}

/**
 * The issuer's keys, in the state folder. The newest signs; the former stay published as long as a token of theirs can be
 * valid. Made when the first is needed: an RSA key takes a while.
 */
export class SigningKeys {
  readonly #file: string;
  readonly #now: () => number;
  readonly #graceMs: number;
  #keys: readonly StoredKey[];
  #making: Promise<StoredKey> | undefined;

  private constructor(file: string, keys: readonly StoredKey[], now: () => number, graceMs: number) {
    this.#file = file;
    this.#keys = keys;
    this.#now = now;
    this.#graceMs = graceMs;
  }

  /**
   * @param graceMs how long a former key stays published
   * @throws StateError naming the file when it holds something else
   */
  static async open(folder: string, now: () => number, graceMs: number): Promise<SigningKeys> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, "keys.json");
    const stored = await readState(file, VERSION);
    const parsed = z.array(keySchema).safeParse(stored ?? []);
    if (parsed.success) return new SigningKeys(file, parsed.data, now, graceMs);
    throw new StateError(`${file} does not hold the issuer's keys: move it away, or use another --state`);
  }

  /** The key that signs now. */
  async current(): Promise<SigningKey> {
    const { kid, jwk } = await this.#newest();
    const key = await importJWK(jwk, "RS256");
    if (key instanceof Uint8Array)
      throw new StateError(`${this.#file} holds a key that is not RSA: move it away`);
    return { kid, key };
  }

  /** The newest first. */
  async published(): Promise<readonly PublicKey[]> {
    await this.#newest();
    return this.#keys
      .filter(({ retiredAt }) => retiredAt === undefined || this.#now() < retiredAt + this.#graceMs)
      .map(({ kid, jwk: { n, e } }) => ({ kty: "RSA", kid, use: "sig", alg: "RS256", n, e }));
  }

  /** A new key signs from now on. */
  async rotate(): Promise<string> {
    const at = this.#now();
    const made = await this.#make();
    const former = this.#keys.filter(({ kid }) => kid !== made.kid);
    const kept = former
      .map((key) => ({ ...key, retiredAt: key.retiredAt ?? at }))
      .filter(({ retiredAt }) => at < retiredAt + this.#graceMs);
    await this.#keep([made, ...kept]);
    return made.kid;
  }

  async #newest(): Promise<StoredKey> {
    const [newest] = this.#keys;
    if (newest !== undefined) return newest;
    this.#making ??= this.#make().then(async (made) => {
      await this.#keep([made]);
      return made;
    });
    return this.#making;
  }

  async #make(): Promise<StoredKey> {
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk: JWK = await exportJWK(privateKey);
    return keySchema.parse({ kid: randomBytes(12).toString("base64url"), createdAt: this.#now(), jwk });
  }

  async #keep(keys: readonly StoredKey[]): Promise<void> {
    this.#keys = keys;
    await writeState(this.#file, VERSION, keys);
    await chmod(this.#file, 0o600);
  }
}
