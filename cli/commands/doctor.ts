import type { Command } from "commander";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import type { TandemApi } from "../api.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import type { Check } from "../doctor/check.ts";
import { checkPullRequests, isReviewedPipeline } from "../doctor/codecommit.ts";
import { checkGitHub, isGitHubPipeline } from "../doctor/github.ts";
import { checkGroups } from "../doctor/groups.ts";
import { checkApi } from "../doctor/http-api.ts";
import { checkDefinitions, checkGit, checkNode } from "../doctor/machine.ts";
import { EXIT, Failure } from "../failure.ts";
import { findRun } from "../find-run.ts";
import { closing } from "../help.ts";
import { createPaint, type Paint, printableDeep } from "../render/text.ts";

/** `tandem doctor` */
export function addDoctor(program: Command, context: CliContext): void {
  withApi(program.command("doctor"))
    .description("check what Tandem needs: this machine, the pipelines, the API, their hosts")
    .addHelpText(
      "after",
      closing(["tandem doctor", "tandem doctor --json"], {
        0: "nothing is missing, as far as can be told from here",
        1: "something is missing; the remedy is said",
        2: "the command line is wrong",
      }),
    )
    .action((options: ApiOptions) => doctor(context, options));
}

async function doctor(context: CliContext, options: ApiOptions): Promise<void> {
  const { api, address } = connect(context, options);
  const [git, definitions, asked] = await Promise.all([
    checkGit(context),
    checkDefinitions(context),
    checkApi(api, address, context),
  ]);
  const answers = asked.every(({ status }) => status === "ok");
  const newest = async (pipeline: PipelineDefinition) => (answers ? newestOf(api, pipeline) : undefined);
  const hosts = await Promise.all(
    definitions.pipelines.map(async (pipeline) => {
      if (isGitHubPipeline(pipeline)) {
        const run = await newest(pipeline);
        const events = run === undefined ? [] : await ifKnown(() => api.events(run.id));
        return checkGitHub(pipeline, run, address, events);
      }
      if (!isReviewedPipeline(pipeline)) return [];
      return [checkPullRequests(pipeline, await newest(pipeline), address)];
    }),
  );
  const groups = answers ? await checkGroups(api) : [];
  const checks = [
    checkNode(process.versions.node),
    git,
    definitions.check,
    ...asked,
    ...groups,
    ...hosts.flat(),
  ];
  context.exit(checks.some(({ status }) => status === "missing") ? EXIT.failed : EXIT.ok);
  const { out, colours } = context.terminal;
  if (options.json) return out(asJson({ checks }));
  const paint = createPaint(colours);
  out(page(checks.flatMap((check) => linesOf(printableDeep(check), paint))));
}

/** The pipeline's newest run, when it was of the repository that the definition names now. */
async function newestOf(api: TandemApi, { name, source }: PipelineDefinition): Promise<RunView | undefined> {
  const run = await ifKnown(() => findRun(api, name));
  return run?.repository.toLowerCase() === source.repository.toLowerCase() ? run : undefined;
}

async function ifKnown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Failure && error.exitCode === EXIT.unknown) return undefined;
    throw error;
  }
}

const COLOURS = { ok: "good", missing: "bad", unknown: "waiting" } as const;
const WIDTH = "missing".length + 2;

function linesOf({ status, name, pipeline, says, remedy }: Check, paint: Paint): readonly string[] {
  const of = pipeline === undefined ? "" : ` of ${pipeline}`;
  const head = paint[COLOURS[status]](status) + " ".repeat(WIDTH - status.length);
  return [
    `${head}${name}${of}: ${says}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(WIDTH)}needed: ${remedy}`]),
  ];
}
