import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";

const ROOT = dirname(import.meta.dirname);

/** What `serverless package` and `tandem local up` need of a project. */
const PARTS = [
  "bin",
  "buildspecs",
  "cli",
  "console",
  "functions",
  "infrastructure",
  "local",
  "shared",
  "package.json",
  "package-lock.json",
  "serverless.yml",
  "tsconfig.json",
];

export interface Project {
  readonly folder: string;
  remove(): Promise<void>;
}

/** A copy of this project with one pipeline of the benchmark's own, so that nothing here is changed. */
export async function copyOfProject(pipeline: string): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-bench-"));
  for (const part of PARTS.filter((name) => existsSync(join(ROOT, name)))) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await mkdir(join(folder, "pipelines"));
  await writeFile(join(folder, "pipelines", "bench.yml"), pipeline);
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Packages the project as it would be deployed; gives the bundle of a function. */
export async function packageFunction(name: string, file: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-package-"));
  try {
    const serverless = join(ROOT, "node_modules/serverless/bin/serverless.js");
    await promisify(execFile)(process.execPath, [serverless, "package", "--package", folder], { cwd: ROOT });
    const bundle = unzipSync(await readFile(join(folder, `${name}.zip`)))[file];
    if (bundle === undefined) throw new Error(`${name}.zip has no ${file}`);
    return bundle;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
