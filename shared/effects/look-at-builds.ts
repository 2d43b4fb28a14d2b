import type { Build as CodeBuildBuild } from "@aws-sdk/client-codebuild";
import { buildPrice } from "../pipeline/build-price.ts";
import type { Build, Run } from "../pipeline/run.ts";
import type { BuildDetails, BuildPhase } from "../pipeline/run-detail.ts";
import type { Aws } from "./aws.ts";
import { logTail } from "./log-tail.ts";

const LINES = 40;

/**
 * The builds of a run as CodeBuild describes them: phases, price, the end of the log. Calls: `⌈builds / 100⌉`
 * (BatchGetBuilds), and one for each build's log, side by side.
 */
export async function lookAtBuilds(aws: Aws, run: Run): Promise<readonly BuildDetails[]> {
  const ours = run.builds.flatMap((build) =>
    "buildId" in build.state && build.state.buildId !== undefined ? [{ build, id: build.state.buildId }] : [],
  );
  const described = new Map<string, CodeBuildBuild>();
  for (let from = 0; from < ours.length; from += 100) {
    const { builds = [] } = await aws.codebuild.batchGetBuilds({
      ids: ours.slice(from, from + 100).map(({ id }) => id),
    });
    for (const one of builds)
      for (const id of [one.id, one.arn]) if (id !== undefined) described.set(id, one);
  }
  return Promise.all(
    ours.flatMap(({ build, id }) => {
      const found = described.get(id);
      return found === undefined ? [] : [detailsOf(aws, build, found)];
    }),
  );
}

async function detailsOf(aws: Aws, { image, platform }: Build, found: CodeBuildBuild): Promise<BuildDetails> {
  const { startTime, endTime, environment, logs } = found;
  const { groupName: group, streamName: stream, deepLink: link } = logs ?? {};
  const lines =
    group === undefined || stream === undefined ? [] : await logTail(aws, { group, stream }, LINES);
  const seconds =
    startTime === undefined || endTime === undefined
      ? undefined
      : (endTime.getTime() - startTime.getTime()) / 1000;
  const compute = environment?.computeType ?? "";
  const usd = seconds === undefined ? undefined : buildPrice(environment?.type ?? "", compute, seconds);
  return {
    image,
    platform,
    startedAt: startTime?.toISOString(),
    endedAt: endTime?.toISOString(),
    phases: phasesOf(found),
    ...(usd === undefined ? {} : { cost: { usd, compute } }),
    ...(lines.length === 0 ? {} : { log: { lines, link } }),
  };
}

/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html: `COMPLETED` marks the end, and lasts nothing. */
function phasesOf({ phases = [] }: CodeBuildBuild): readonly BuildPhase[] {
  return phases
    .filter(({ phaseType }) => phaseType !== "COMPLETED")
    .map(({ phaseType, phaseStatus, durationInSeconds }) => ({
      name: phaseType ?? "",
      status: phaseStatus,
      seconds: durationInSeconds,
    }));
}
