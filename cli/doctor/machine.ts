import type { CliContext } from "../context.ts";
import { type Definitions, readDefinitions } from "../definitions.ts";
import { git } from "../git.ts";
import type { Check } from "./check.ts";

type Version = readonly [major: number, minor: number];

/** `engines` of package.json says the same. */
const OLDEST_NODE: Version = [20, 19];
/** The first whose `init` takes `--initial-branch`, which the local endpoint needs. */
const OLDEST_GIT: Version = [2, 28];

export function checkNode(version: string): Check {
  const says = `node ${version}`;
  if (isAtLeast(version, OLDEST_NODE)) return { status: "ok", name: "node", says };
  return { status: "missing", name: "node", says, remedy: `install Node ${OLDEST_NODE.join(".")} or newer` };
}

export async function checkGit(context: CliContext): Promise<Check> {
  const version = await git(["--version"], context);
  const says = version ?? "git is not on the PATH";
  if (version !== undefined && isAtLeast(version, OLDEST_GIT)) return { status: "ok", name: "git", says };
  return { status: "missing", name: "git", says, remedy: `install git ${OLDEST_GIT.join(".")} or newer` };
}

function isAtLeast(text: string, [oldestMajor, oldestMinor]: Version): boolean {
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(text) ?? []).map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** The definitions of the working directory, without those that have faults. */
export async function checkDefinitions({
  cwd,
}: CliContext): Promise<{ readonly check: Check; readonly pipelines: Definitions["pipelines"] }> {
  const name = "pipelines";
  try {
    const { pipelines, told } = await readDefinitions(cwd, []);
    const [fault] = told;
    if (fault === undefined) {
      const says = `without faults: ${pipelines.map((pipeline) => pipeline.name).join(", ")}`;
      return { check: { status: "ok", name, says }, pipelines };
    }
    const more = told.length === 1 ? "" : ` and ${told.length - 1} more`;
    const remedy = "`tandem validate` reports every fault";
    return { check: { status: "missing", name, says: fault + more, remedy }, pipelines: [] };
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return { check: { status: "missing", name, says }, pipelines: [] };
  }
}
