import type { Command } from "../pipeline/commands.ts";
import type { Run, Stage } from "../pipeline/run.ts";
import { answerPause } from "./answer-pause.ts";
import { askBuilds } from "./ask-builds.ts";
import { closeRun } from "./close-run.ts";
import { reportToCodeCommit } from "./codecommit-report.ts";
import { type EffectContext, facts, type Outcome } from "./context.ts";
import { deploy } from "./deploy.ts";
import { reportToGitHub } from "./github-report.ts";
import { askOneOff, runOneOff } from "./one-off-task.ts";
import { publishIndex } from "./publish-index.ts";
import { readBuildLog } from "./read-build-log.ts";
import { returnDeployment, verifyReturn } from "./return-deployment.ts";
import { runChecks } from "./run-checks.ts";
import { sendMessages } from "./send-messages.ts";
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
      return check(context, run, stageOf(run, command.stage));
    case "run-checks":
      return runChecks(context, run, stageOf(run, command.stage));
    case "begin-stage":
      return begin(context, run, command.stage);
    case "deploy":
      return deploy(context, run, stageOf(run, command.stage), command);
    case "verify-deployment":
      return verifyDeployment(context, run, stageOf(run, command.stage), command);
    case "leave-stage":
      return leave(context, run, stageOf(run, command.stage));
    case "return-deployment":
      return returnDeployment(context, stageOf(run, command.stage), command);
    case "verify-return":
      return verifyReturn(context, command);
    case "run-task":
      return runOneOff(context, run, stageOf(run, command.stage), command);
    case "ask-task":
      return askOneOff(context, command);
    case "answer-pause":
      return answerPause(context, run, stageOf(run, command.stage), command);
    case "close-run":
      return closeRun(context, run);
    case "report":
      return run.definition.source.type === "github"
        ? reportToGitHub(context, run, command)
        : reportToCodeCommit(context, run, command);
    case "send-messages":
      return sendMessages(context, run, command);
    case "record":
      return Promise.resolve(facts(command.event));
  }
}

function stageOf(run: Run, name: string): Stage {
  const stage = run.stages.find(({ definition }) => definition.name === name);
  if (stage === undefined) throw new Error(`run ${run.id} has no stage ${name}`);
  return stage;
}
