import { deploymentsOf, type Run } from "../../../shared/pipeline/run.ts";
import type { FakeEcs } from "../aws/ecs.ts";
import type { OneOffTask } from "../aws/one-off-tasks.ts";
import type { Caller } from "../invocation.ts";
import type { Findings } from "./findings.ts";
import type { Change, RunBook } from "./run-book.ts";

/** What holds of tasks, pauses and quarantines, as ECS saw what was done. */
export class RolloutChecks {
  readonly #findings: Findings;
  readonly #book: RunBook;
  readonly #ecs: () => FakeEcs;
  /** By run, stage, service and place: the tasks that ECS has begun. */
  readonly #tasks = new Map<string, OneOffTask>();

  constructor(findings: Findings, book: RunBook, ecs: () => FakeEcs) {
    this.#findings = findings;
    this.#book = book;
    this.#ecs = ecs;
  }

  /** A task runs once, and one after the deployment only when the release runs. */
  taskStarted(caller: Caller | undefined, task: OneOffTask): void {
    const { run: handed, command } = caller ?? {};
    const run = this.#book.find(handed?.id ?? "")?.run;
    if (run === undefined || command?.type !== "run-task") {
      this.#findings.violate(4, `${task.arn} was started by ${caller?.invocation} for no run`);
      return;
    }
    const { stage, cluster, service, when, index } = command;
    const key = `${run.id} ${stage} ${cluster}/${service} ${when} ${index}`;
    this.#findings.demand(!this.#tasks.has(key), 2, () => `${key} was run twice`);
    this.#tasks.set(key, task);
    const state = deploymentOf(run, command)?.state.status;
    const fits = when === "before" ? state === "pending" : state === "succeeded";
    this.#findings.demand(fits, 4, () => `${key} was run while the deployment is ${state}`);
  }

  /** A service is moved only when every task before it has ended well. */
  updated(caller: Caller | undefined, tasks: readonly OneOffTask[]): void {
    const { run: handed, command } = caller ?? {};
    const run = this.#book.find(handed?.id ?? "")?.run;
    if (run === undefined || command?.type !== "deploy") return;
    const { stage, cluster, service } = command;
    const target = run.definition.stages
      .find(({ name }) => name === stage)
      ?.deploy.find((one) => one.cluster === cluster && one.service === service);
    for (const [index, { run: name }] of (target?.before ?? []).entries()) {
      const task = this.#tasks.get(`${run.id} ${stage} ${cluster}/${service} before ${index}`);
      this.#findings.demand(
        task?.exitCode === 0 && tasks.includes(task),
        4,
        () => `${service} of ${run.id} was moved before ${name} had ended well: ${task?.exitCode}`,
      );
    }
  }

  /** ECS goes on with enough people's word for this very pause, and back on one's, or when stage or run are to end. */
  answered(caller: Caller | undefined, hookId: string | undefined, action: "CONTINUE" | "ROLLBACK"): void {
    const { run: handed, command } = caller ?? {};
    const entry = this.#book.find(handed?.id ?? "");
    if (entry === undefined || command?.type !== "answer-pause") {
      this.#findings.violate(4, `${hookId} was answered by ${caller?.invocation} for no run`);
      return;
    }
    const { run, events } = entry;
    const rule = run.definition.stages.find(({ name }) => name === command.stage)?.approval;
    const said = events.filter((event) => "hookId" in event && event.hookId === hookId);
    const people = new Set(said.flatMap((event) => (event.type === "approval.given" ? [event.person] : [])));
    const isRefused = said.some(({ type }) => type === "approval.refused");
    const what = `${hookId} of ${command.service} in ${run.id}`;
    if (action === "CONTINUE") {
      this.#findings.demand(
        !isRefused && people.size >= (rule?.required ?? 1),
        4,
        () => `${what} goes on with ${people.size} approvals${isRefused ? ", and a refusal" : ""}`,
      );
      return;
    }
    const stage = run.stages.find(({ definition }) => definition.name === command.stage);
    const hasFailed =
      stage !== undefined && deploymentsOf(stage.state).some(({ state }) => state.status === "failed");
    const isWanted = !isRefused && !hasFailed && run.stop === undefined;
    this.#findings.demand(!isWanted, 4, () => `${what} goes back, and nobody wants that`);
  }

  /** Only what failed on one architecture alone, and ran on the other, is done without. */
  changed({ before, event }: Change): void {
    if (event.type !== "deployment.quarantined" || before === undefined) return;
    const deployment = this.#ecs().deployment(event.deploymentId);
    const { architecture } = event.quarantine;
    this.#findings.demand(
      deployment?.failsOnArm === true && architecture === "arm64",
      9,
      () => `${event.service} of ${before.id} does without ${architecture}, on which nothing failed`,
    );
    const policy = before.definition.stages
      .find(({ name }) => name === event.stage)
      ?.deploy.find(({ service }) => service === event.service)?.onArchitectureFailure;
    this.#findings.demand(policy === "quarantine", 9, () => `nobody wants quarantines of ${event.service}`);
  }
}

function deploymentOf(
  run: Run,
  key: { readonly stage: string; readonly cluster: string; readonly service: string },
) {
  const stage = run.stages.find(({ definition }) => definition.name === key.stage);
  return stage === undefined
    ? undefined
    : deploymentsOf(stage.state).find(
        ({ prepared }) => prepared.cluster === key.cluster && prepared.service === key.service,
      );
}
