import type { Command } from "../pipeline/commands.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";

/** Stops a build; one that CodeBuild no longer knows, or that has ended, counts as stopped. */
export async function stopBuild(
  context: EffectContext,
  { image, platform, attempt, buildId }: Extract<Command, { readonly type: "stop-build" }>,
): Promise<Outcome> {
  try {
    await context.aws.codebuild.stopBuild({ id: buildId });
  } catch (error) {
    if (!isError(error, "ResourceNotFoundException", "InvalidInputException")) throw error;
  }
  return facts({ type: "build.stopped", at: context.now(), image, platform, attempt });
}
