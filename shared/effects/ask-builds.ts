import { interpretBuild } from "../pipeline/build-report.ts";
import type { BuildInQuestion } from "../pipeline/commands.ts";
import type { RunEvent } from "../pipeline/events.ts";
import { type EffectContext, facts, type Outcome } from "./context.ts";
import { getBuilds } from "./find-build.ts";

/** Asks about builds that have been silent: CodeBuild's events are best effort. */
export async function askBuilds(
  context: EffectContext,
  builds: readonly BuildInQuestion[],
): Promise<Outcome> {
  const answer = await getBuilds(
    context.aws,
    builds.map(({ buildId }) => buildId),
  );
  const at = context.now();
  const told = answer.builds.flatMap((report): RunEvent[] => {
    const interpreted = interpretBuild(report, at);
    return interpreted.type === "event" ? [interpreted.event] : [];
  });
  const lost = builds
    .filter(({ buildId }) => answer.missing.includes(buildId))
    .map(
      (build): RunEvent => ({
        type: "build.failed",
        at,
        ...build,
        failure: { reason: `CodeBuild no longer knows the build ${build.buildId}` },
        transient: true,
      }),
    );
  return facts(...told, ...lost);
}
