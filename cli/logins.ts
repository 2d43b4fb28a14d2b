import { readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRecord } from "./answers.ts";
import { EXIT, Failure } from "./failure.ts";

/** Somebody's being signed in at one address of Tandem. */
export interface Login {
  readonly issuer: string;
  readonly clientId: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string;
  /** What the API takes. */
  readonly bearer: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly refreshToken?: string;
  /** Which of the issuer's two tokens `bearer` is. */
  readonly token: "access_token" | "id_token";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** By the address of the HTTP API. */
type Logins = Readonly<Record<string, Login>>;

/** https://specifications.freedesktop.org/basedir-spec/latest/; on Windows the roaming profile. */
function folderOf({ XDG_CONFIG_HOME, APPDATA, HOME }: Environment): string | undefined {
  if (XDG_CONFIG_HOME) return join(XDG_CONFIG_HOME, "tandem");
  if (APPDATA) return join(APPDATA, "tandem");
  return HOME ? join(HOME, ".config", "tandem") : undefined;
}

const FILE = "logins.json";

/** The login at an address; undefined when there is none. */
export function loginAt(environment: Environment, url: string): Login | undefined {
  return read(environment)[url];
}

/** Keeps a login, or forgets it, where only this user reads it. */
export async function keepLogin(
  environment: Environment,
  url: string,
  login: Login | undefined,
): Promise<void> {
  const folder = folderOf(environment);
  if (folder === undefined)
    throw new Failure(EXIT.failed, "no-home", "there is no folder to keep a login in: set HOME");
  const { [url]: _former, ...others } = read(environment);
  const logins = login === undefined ? others : { ...others, [url]: login };
  const file = join(folder, FILE);
  try {
    if (Object.keys(logins).length === 0) return await rm(file, { force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const fresh = `${file}.${process.pid}.new`;
    await writeFile(fresh, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(EXIT.failed, "not-kept", `the login cannot be kept in ${file}: ${why}`, {
      cause: error,
    });
  }
}

/** A file that is none of ours counts as no login: signing in writes it anew. */
function read(environment: Environment): Logins {
  const folder = folderOf(environment);
  if (folder === undefined) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, FILE), "utf8"));
    if (!isRecord(value)) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, Login] => isLogin(entry[1])),
    );
  } catch {
    return {};
  }
}

function isLogin(value: unknown): value is Login {
  if (!isRecord(value)) return false;
  const texts = [value.issuer, value.clientId, value.tokenEndpoint, value.bearer];
  const optional = [value.revocationEndpoint, value.refreshToken];
  return (
    texts.every((text) => typeof text === "string") &&
    optional.every((text) => text === undefined || typeof text === "string") &&
    typeof value.expiresAt === "number" &&
    (value.token === "id_token" || value.token === "access_token")
  );
}
