import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What has to be installed, and why. */
const TOOLS: Readonly<Record<string, string>> = {
  git: "the CodeCommit repositories are git's",
  bash: "CodeBuild runs the commands of a buildspec in it",
};

/**
 * Checks that git and bash can be run.
 * @param path the PATH to look in
 * @throws Error that names every missing one, with the remedy
 */
export function requireTools(path: string): void {
  const missing = Object.entries(TOOLS).filter(([tool]) => !isOnPath(tool, path));
  if (missing.length === 0) return;
  const reasons = missing.map(([tool, reason]) => `${tool} (${reason})`).join(" and ");
  const names = missing.map(([tool]) => tool).join(" ");
  throw new Error(`${reasons} must be on the PATH: install it, for example with apt-get install ${names}`);
}

const isOnPath = (tool: string, path: string): boolean =>
  path.split(delimiter).some((folder) => folder !== "" && isExecutable(join(folder, tool)));

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
