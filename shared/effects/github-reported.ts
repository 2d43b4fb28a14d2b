import type { Run } from "../pipeline/run.ts";
import type { GitHubApi } from "./github-api.ts";

/** What an earlier attempt to tell GitHub may have left there. */

/** What a check run is found by, when whoever made it did not say so. */
export const externalId = (run: Run, key: string) => `${run.id} ${key}`;

/** https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference */
export async function findCheck(github: GitHubApi, run: Run, key: string): Promise<number | undefined> {
  const { repository } = run.definition.source;
  const path = `/repos/${repository}/commits/${run.revision.commit}/check-runs?check_name=${encodeURIComponent(key)}&filter=all&per_page=100`;
  const { data } = await github.request(repository, "GET", path);
  const runs = typeof data === "object" && data !== null && "check_runs" in data ? data.check_runs : [];
  return idWhere(runs, (one) => "external_id" in one && one.external_id === externalId(run, key));
}

/** What a deployment is found by. */
export const deploymentNote = (run: Run) => `run ${run.id}`;

/** https://docs.github.com/en/rest/deployments/deployments#list-deployments */
export async function findDeployment(
  github: GitHubApi,
  run: Run,
  environment: string,
): Promise<number | undefined> {
  const { repository } = run.definition.source;
  const path = `/repos/${repository}/deployments?sha=${run.revision.commit}&environment=${encodeURIComponent(environment)}&per_page=100`;
  const { data } = await github.request(repository, "GET", path);
  return idWhere(data, (one) => "description" in one && one.description === deploymentNote(run));
}

/** The newest first, as GitHub lists them. */
function idWhere(list: unknown, isIt: (one: object) => boolean): number | undefined {
  if (!Array.isArray(list)) return undefined;
  const found: unknown = list.find((one: unknown) => typeof one === "object" && one !== null && isIt(one));
  return found === undefined ? undefined : createdId(found, "entry of a list");
}

/** The id of what an answer is about. */
export function createdId(data: unknown, what: string): number {
  if (typeof data === "object" && data !== null && "id" in data && typeof data.id === "number")
    return data.id;
  throw new Error(`GitHub's answer about a ${what} has no id`);
}
