import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readState, StateError, writeState } from "../state.ts";

const VERSION = 1;

/** Cognito's codes hold as long. */
const CODE_MS = 5 * 60_000;

/** What somebody has let a client have. */
export interface Grant {
  readonly clientId: string;
  readonly username: string;
  readonly scope: string;
  /** Milliseconds since the epoch: when the person gave the password. */
  readonly authenticatedAt: number;
}

/** A grant on its way through the browser. */
export interface CodeGrant extends Grant {
  readonly redirectUri: string;
  /** PKCE, S256: https://www.rfc-editor.org/rfc/rfc7636 */
  readonly codeChallenge: string;
  readonly nonce: string | undefined;
}

const refreshSchema = z.object({
  clientId: z.string(),
  username: z.string(),
  scope: z.string(),
  authenticatedAt: z.number(),
  expiresAt: z.number(),
});

type Refresh = z.infer<typeof refreshSchema>;

interface Code {
  readonly grant: CodeGrant;
  readonly expiresAt: number;
  /** The refresh token that the code was changed for. */
  refresh: string | undefined;
  used: boolean;
}

/**
 * Authorization codes, in memory, and refresh tokens, in the state folder. Both are kept by their hash: who reads the state
 * cannot use them.
 */
export class Grants {
  readonly #file: string;
  readonly #now: () => number;
  readonly #codes = new Map<string, Code>();
  readonly #refresh: Map<string, Refresh>;

  private constructor(file: string, refresh: ReadonlyMap<string, Refresh>, now: () => number) {
    this.#file = file;
    this.#refresh = new Map(refresh);
    this.#now = now;
  }

  /** @throws StateError naming the file when it holds something else */
  static async open(folder: string, now: () => number): Promise<Grants> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, "grants.json");
    const stored = await readState(file, VERSION);
    const parsed = z.record(z.string(), refreshSchema).safeParse(stored ?? {});
    if (!parsed.success)
      throw new StateError(`${file} does not hold refresh tokens: move it away, or use another --state`);
    return new Grants(file, new Map(Object.entries(parsed.data)), now);
  }

  newCode(grant: CodeGrant): string {
    const now = this.#now();
    // A used one is remembered a little longer: somebody else might come with it.
    for (const [key, { expiresAt }] of this.#codes) if (now > expiresAt + CODE_MS) this.#codes.delete(key);
    const code = randomBytes(32).toString("base64url");
    this.#codes.set(keyOf(code), { grant, expiresAt: now + CODE_MS, refresh: undefined, used: false });
    return code;
  }

  /**
   * Takes a code, once. Who brings it a second time has it from somewhere else, and what it was changed for ends:
   * RFC 6749, section 4.1.2.
   */
  async takeCode(text: string): Promise<CodeGrant | undefined> {
    const code = this.#codes.get(keyOf(text));
    if (code === undefined || this.#now() >= code.expiresAt) return undefined;
    if (!code.used) {
      code.used = true;
      return code.grant;
    }
    if (code.refresh !== undefined) await this.revoke(code.refresh);
    return undefined;
  }

  /** @param code what it is given for, so that it ends with the code's misuse */
  async newRefresh(grant: Grant, seconds: number, code: string): Promise<string> {
    const token = randomBytes(32).toString("base64url");
    const { clientId, username, scope, authenticatedAt } = grant;
    const expiresAt = this.#now() + seconds * 1000;
    this.#refresh.set(keyOf(token), { clientId, username, scope, authenticatedAt, expiresAt });
    const known = this.#codes.get(keyOf(code));
    if (known !== undefined) known.refresh = token;
    await this.#keep();
    return token;
  }

  findRefresh(token: string): Grant | undefined {
    const found = this.#refresh.get(keyOf(token));
    return found === undefined || this.#now() >= found.expiresAt ? undefined : found;
  }

  /** Ends a refresh token, if there is one like it. */
  async revoke(token: string): Promise<void> {
    if (this.#refresh.delete(keyOf(token))) await this.#keep();
  }

  async #keep(): Promise<void> {
    for (const [key, { expiresAt }] of this.#refresh) if (this.#now() >= expiresAt) this.#refresh.delete(key);
    await writeState(this.#file, VERSION, Object.fromEntries(this.#refresh));
    await chmod(this.#file, 0o600);
  }
}

const keyOf = (token: string): string => createHash("sha256").update(token).digest("base64url");
