import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, verify } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { reasonOf } from "../errors.ts";
import { readState, StateError, writeState } from "../state.ts";
import { ApiError } from "./api-error.ts";
import { idOf } from "./names.ts";

export const APP_ID = 1;

/** What an installation token may do: what the App asks for, or less. Names and levels as in GitHub's App settings. */
export type Permissions = Readonly<Record<string, "read" | "write">>;

/** What the local App was granted; more than this needs a person's token. */
export const APP_PERMISSIONS: Permissions = {
  checks: "write",
  contents: "read",
  deployments: "write",
  metadata: "read",
  pull_requests: "write",
  statuses: "write",
};

/** What an installation token stands for. */
export interface InstallationToken {
  readonly owner: string;
  /** Lower-case full names; all of the owner's when it is undefined. */
  readonly repositories?: readonly string[];
  readonly permissions: Permissions;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface GithubApp {
  /** As GitHub hands it out: PKCS#1, PEM. */
  readonly privateKey: string;
  /** @throws ApiError 401 or 404 as GitHub says it, when it is not signed by the App or not valid now */
  verifyJwt(token: string): void;
  /** A new token that is valid for one hour. */
  issue(grant: Omit<InstallationToken, "expiresAt">): InstallationToken & { readonly token: string };
  /** What a token stands for; undefined when it is unknown or has expired. */
  tokenOf(text: string): InstallationToken | undefined;
}

/** An owner's installation of the App; the App is installed everywhere here. */
export const installationId = (owner: string): number => idOf("installation", owner);

const VERSION = 1;
const TOKEN_LIFETIME_MS = 60 * 60 * 1000;

const stateSchema = z.object({ appId: z.literal(APP_ID), privateKey: z.string() });

/**
 * Opens the App, and makes its key when it is new.
 * @throws StateError naming the file when the stored key cannot be used
 */
export async function openApp(folder: string, now: () => number): Promise<GithubApp> {
  const privateKey = await loadKey(join(folder, "app.json"));
  const publicKey = createPublicKey(privateKey);
  const tokens = new Map<string, InstallationToken>();
  return {
    privateKey,
    verifyJwt: (token) => {
      const [header = "", claims = "", signature = "", ...rest] = token.split(".");
      const signed = Buffer.from(`${header}.${claims}`);
      const algorithm = z.object({ alg: z.literal("RS256") }).safeParse(decode(header));
      const genuine =
        rest.length === 0 &&
        algorithm.success &&
        verify("sha256", signed, publicKey, Buffer.from(signature, "base64url"));
      if (!genuine) throw new ApiError(401, "A JSON web token could not be decoded");
      checkClaims(decode(claims), now() / 1000);
    },
    issue: (grant) => {
      for (const [text, { expiresAt }] of tokens) if (expiresAt <= now()) tokens.delete(text);
      const token = `ghs_${randomBytes(27).toString("base64url").replace(/[-_]/g, "0")}`;
      const issued = { ...grant, expiresAt: now() + TOKEN_LIFETIME_MS };
      tokens.set(token, issued);
      return { ...issued, token };
    },
    tokenOf: (text) => {
      const found = tokens.get(text);
      return found === undefined || found.expiresAt <= now() ? undefined : found;
    },
  };
}

/**
 * The rules of
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 * @param nowSeconds seconds since the epoch
 */
function checkClaims(claims: unknown, nowSeconds: number): void {
  const parsed = z
    .object({ iss: z.union([z.string(), z.number()]), iat: z.number(), exp: z.number() })
    .safeParse(claims);
  if (!parsed.success) {
    const missing = parsed.error.issues.map(({ path }) => String(path[0] ?? "claims")).join(", ");
    throw new ApiError(401, `A JSON web token could not be decoded: ${missing} must be there, as numbers`);
  }
  const { iss, iat, exp } = parsed.data;
  if (String(iss) !== String(APP_ID)) throw new ApiError(404, "Integration not found");
  if (iat > nowSeconds + 60) {
    throw new ApiError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (exp <= nowSeconds) {
    throw new ApiError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  // Ten minutes, and a minute for clocks that differ.
  if (exp > nowSeconds + 660)
    throw new ApiError(401, "'Expiration time' claim ('exp') is too far in the future");
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

async function loadKey(file: string): Promise<string> {
  const stored = await readState(file, VERSION);
  if (stored === undefined) {
    const made = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const privateKey = made.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    await writeState(file, VERSION, { appId: APP_ID, privateKey });
    return privateKey;
  }
  const parsed = stateSchema.safeParse(stored);
  try {
    if (!parsed.success) throw new Error("it holds something else");
    createPrivateKey(parsed.data.privateKey);
    return parsed.data.privateKey;
  } catch (error) {
    throw new StateError(
      `${file} does not hold the key of the GitHub App (${reasonOf(error)}): move it away, or use another --state`,
    );
  }
}
