import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "./local-up.ts";

/** What a checkout needs to be packaged and served, but for its pipelines. */
const COPIED = [
  "bin",
  "buildspecs",
  "cli",
  "console",
  "functions",
  "infrastructure",
  "local",
  "package-lock.json",
  "package.json",
  "scripts",
  "serverless.yml",
  "shared",
  "tsconfig.json",
];

/** A checkout of Tandem with pipelines of its own. */
export interface Project {
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/**
 * Makes a checkout with other pipelines. It is copied, not linked: Node and esbuild take a linked file for the one it leads
 * to, and would find the pipelines beside that.
 * @param pipelines file name to content, e.g. `hello.yml`
 */
export async function projectWith(pipelines: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "e2e-project-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await Promise.all(COPIED.map((name) => cp(join(PROJECT, name), join(folder, name), { recursive: true })));
    await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
    await mkdir(join(folder, "pipelines"));
    await Promise.all(
      Object.entries(pipelines).map(([name, text]) => writeFile(join(folder, "pipelines", name), text)),
    );
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
