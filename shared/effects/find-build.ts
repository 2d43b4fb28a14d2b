import type { Build } from "@aws-sdk/client-codebuild";
import { BUILD_VARIABLES, type BuildReport } from "../pipeline/build-report.ts";
import type { Aws } from "./aws.ts";

/** A build as `BatchGetBuilds` describes it, in the core's words. */
export function reportOf(build: Build): BuildReport {
  const variables = Object.fromEntries(
    (build.environment?.environmentVariables ?? []).map(({ name, value }) => [name ?? "", value ?? ""]),
  );
  const exported = Object.fromEntries(
    (build.exportedEnvironmentVariables ?? []).map(({ name, value }) => [name ?? "", value ?? ""]),
  );
  const { groupName, streamName, deepLink } = build.logs ?? {};
  return {
    buildId: build.arn ?? build.id ?? "",
    status: build.buildStatus ?? "",
    variables,
    exported,
    failedPhases: (build.phases ?? []).flatMap(({ phaseType, phaseStatus, contexts }) => {
      if (phaseStatus === undefined || phaseStatus === "SUCCEEDED" || phaseType === undefined) return [];
      const message = contexts?.find((context) => context.message)?.message;
      return [{ phase: phaseType, ...(message === undefined ? {} : { message }) }];
    }),
    ...(groupName === undefined || streamName === undefined
      ? {}
      : {
          log: {
            group: groupName,
            stream: streamName,
            ...(deepLink === undefined ? {} : { link: deepLink }),
          },
        }),
  };
}

/** Builds by id, at most 100 (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html). */
export async function getBuilds(
  aws: Aws,
  ids: readonly string[],
): Promise<{ readonly builds: readonly BuildReport[]; readonly missing: readonly string[] }> {
  const builds: BuildReport[] = [];
  const missing: string[] = [];
  for (let from = 0; from < ids.length; from += 100) {
    const answer = await aws.codebuild.batchGetBuilds({ ids: ids.slice(from, from + 100) });
    builds.push(...(answer.builds ?? []).map(reportOf));
    missing.push(...(answer.buildsNotFound ?? []));
  }
  return { builds, missing };
}

/**
 * The build that a lost attempt has started, found by its variables among the project's newest 100: what an idempotency
 * token no longer tells after five minutes.
 */
export async function findBuild(
  aws: Aws,
  projectName: string,
  wanted: {
    readonly run: string;
    readonly image: string;
    readonly platform: string;
    readonly attempt: number;
  },
): Promise<BuildReport | undefined> {
  const { ids = [] } = await aws.codebuild.listBuildsForProject({ projectName, sortOrder: "DESCENDING" });
  if (ids.length === 0) return undefined;
  const { builds } = await getBuilds(aws, ids.slice(0, 100));
  return builds.find(
    ({ variables }) =>
      variables[BUILD_VARIABLES.run] === wanted.run &&
      variables[BUILD_VARIABLES.image] === wanted.image &&
      variables[BUILD_VARIABLES.platform] === wanted.platform &&
      variables[BUILD_VARIABLES.attempt] === String(wanted.attempt),
  );
}
