import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Lock, takeLock } from "./lock.ts";
import { parseTemplate } from "./template/parse.ts";
import type { Template } from "./template/template.ts";

/** What `serverless package` reads, within the project. */
const SOURCES = [
  "functions",
  "infrastructure",
  "shared",
  "pipelines",
  "buildspecs",
  "console",
  "scripts",
  "serverless.yml",
  "package-lock.json",
];

const TEMPLATE = "cloudformation-template-update-stack.json";

/** Lines of the packager's own words that are shown when it fails. */
const SHOWN_LINES = 20;

/** What `serverless package` has written. */
export interface Package {
  readonly stackName: string;
  readonly template: Template;
  readonly templateBody: string;
  /** The zip file of a function's `Code`. */
  artifact(logicalId: string, properties: Readonly<Record<string, unknown>>): string;
}

/**
 * Loads the package of the project, packaging first what is missing or older than its sources.
 * @param serviceDir the folder of serverless.yml
 * @param signal ends the packager early
 * @throws Error with the packager's message and the remedy
 */
export async function loadPackage(
  serviceDir: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Package> {
  if (!existsSync(join(serviceDir, "serverless.yml")))
    throw new Error(`there is no serverless.yml in ${serviceDir}: run this in a checkout of Tandem`);
  return alone(serviceDir, signal, async () => {
    if (await isStale(serviceDir)) await runPackager(serviceDir, say, signal);
    return readPackage(serviceDir);
  });
}

/**
 * Waits until nobody else packages the project: two packagers at once would write over each other.
 * @param signal ends the waiting
 */
export async function alone<T>(serviceDir: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const lock = await waitForLock(serviceDir, signal);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function waitForLock(serviceDir: string, signal: AbortSignal): Promise<Lock> {
  // A file of another user in the common temporary folder could not be taken over.
  const owner = `${process.getuid?.() ?? ""}:${resolve(serviceDir)}`;
  const name = createHash("sha256").update(owner).digest("hex").slice(0, 16);
  for (;;) {
    const lock = await takeLock(join(tmpdir(), `tandem-package-${name}.lock`));
    if (typeof lock !== "number") return lock;
    await delay(100, undefined, { signal });
  }
}

async function isStale(serviceDir: string): Promise<boolean> {
  const packaged = await stat(join(serviceDir, ".serverless", TEMPLATE)).catch(() => undefined);
  if (packaged === undefined) return true;
  const newest = await Promise.all(SOURCES.map((name) => newestChange(join(serviceDir, name))));
  // A change within the same tick of the file system's clock counts as newer.
  return Math.max(...newest) >= packaged.mtimeMs;
}

/** Of a file, or of a folder and all in it: a folder changes when something in it is removed. */
async function newestChange(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const names = (await readdir(path)).filter((name) => name !== "node_modules");
  return Math.max(found.mtimeMs, ...(await Promise.all(names.map((name) => newestChange(join(path, name))))));
}

/** Packages with a temporary folder of its own: the packager leaves folders behind. */
async function runPackager(
  serviceDir: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  say("packaging the functions (serverless package)");
  const scratch = await mkdtemp(join(tmpdir(), "tandem-packager-"));
  try {
    await runServerless(serviceDir, scratch, signal);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runServerless(serviceDir: string, scratch: string, signal: AbortSignal): Promise<void> {
  const program = join(serviceDir, "node_modules", "serverless", "bin", "serverless.js");
  if (!existsSync(program)) throw new Error(`${program} is missing: run npm ci in ${serviceDir}`);
  const child = spawn(process.execPath, [program, "package"], {
    cwd: serviceDir,
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    env: {
      ...process.env,
      TMPDIR: scratch,
      NODE_NO_WARNINGS: "1",
      NO_COLOR: "1",
      FORCE_COLOR: "0",
      SLS_NOTIFICATIONS_MODE: "off",
    },
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  let failure: unknown;
  child.on("error", (error) => {
    failure = error;
  });
  // Also after it was told to end: as long as it lives it may write.
  await once(child, "close");
  if (failure !== undefined) throw failure;
  const code = child.exitCode;
  if (code === 0) return;
  const lines = Buffer.concat(output)
    .toString()
    .split("\n")
    .filter((line) => line.trim() !== "");
  throw new Error(
    [
      `packaging failed (exit code ${code}):`,
      ...lines.slice(0, SHOWN_LINES).map((line) => `  ${line}`),
      "correct this, then start again; npx serverless package shows all of it",
    ].join("\n"),
  );
}

async function readPackage(serviceDir: string): Promise<Package> {
  const folder = join(serviceDir, ".serverless");
  const file = join(folder, TEMPLATE);
  const templateBody = await readFile(file, "utf8").catch(() => {
    throw new Error(`${file} is missing after packaging: run npx serverless package and see what it writes`);
  });
  return {
    stackName: await stackNameIn(folder),
    template: parseTemplate(templateBody),
    templateBody,
    artifact: (logicalId, properties) => artifactOf(folder, logicalId, properties),
  };
}

/** The stack's name is not in the template, but in what the packager keeps beside it. */
async function stackNameIn(folder: string): Promise<string> {
  const state: unknown = JSON.parse(
    await readFile(join(folder, "serverless-state.json"), "utf8").catch(() => "{}"),
  );
  const service = member(state, "service");
  const provider = member(service, "provider");
  const given = member(provider, "stackName");
  if (typeof given === "string") return given;
  return `${String(member(service, "service") ?? "tandem")}-${String(member(provider, "stage") ?? "dev")}`;
}

function artifactOf(
  folder: string,
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
): string {
  const key = member(properties.Code, "S3Key");
  if (typeof key !== "string")
    throw new Error(`${logicalId}: Code has no S3Key, so its package cannot be found in ${folder}`);
  return join(folder, key.split("/").at(-1) ?? key);
}

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
