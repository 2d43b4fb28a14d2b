import type { Command } from "../pipeline/commands.ts";
import type { Run, Stage } from "../pipeline/run.ts";
import { askBuilds } from "./ask-builds.ts";
import { closeRun } from "./close-run.ts";
import { type EffectContext, facts, type Outcome } from "./context.ts";
import { deploy } from "./deploy.ts";
import { reportToGitHub } from "./github-report.ts";
import { publishIndex } from "./publish-index.ts";
import { readBuildLog } from "./read-build-log.ts";
import { begin, check, enter, leave } from "./stage.ts";
import { startBuild } from "./start-build.ts";
import { stopBuild } from "./stop-build.ts";
import { verifyDeployment } from "./verify-deployment.ts";

/**
 * Carries out one command. What AWS refuses for good becomes a fact; what may work another time is thrown, and the claim
 * stays for a later invocation to take over.
 */
export function perform(context: EffectContext, run: Run, command: Command): Promise<Outcome> {
  switch (command.type) {
    case "start-build":
      return startBuild(context, run, command);
    case "stop-build":
      return stopBuild(context, command);
    case "ask-builds":
      return askBuilds(context, command.builds);
    case "read-build-log":
      return readBuildLog(context, command);
    case "publish-index":
      return publishIndex(context, run, command);
    case "enter-stage":
      return enter(context, run, stageOf(run, command.stage).definition);
    case "check-stage":
      return check(context, run, command.stage);
    case "begin-stage":
      return begin(context, run, command.stage);
    case "deploy":
      return deploy(context, run, stageOf(run, command.stage), command);
    case "verify-deployment":
      return verifyDeployment(context, run, stageOf(run, command.stage), command);
    case "leave-stage":
      return leave(context, run, command.stage, command.outcome);
    case "close-run":
      return closeRun(context, run);
    case "report":
      return reportToGitHub(context, run, command);
    case "record":
      return Promise.resolve(facts(command.event));
  }
}

function stageOf(run: Run, name: string): Stage {
  const stage = run.stages.find(({ definition }) => definition.name === name);
  if (stage === undefined) throw new Error(`run ${run.id} has no stage ${name}`);
  return stage;
}
