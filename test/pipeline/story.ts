import { type Command, claimOf, keyOf, type Wake } from "../../shared/pipeline/commands.ts";
import { type EcsDeployment, isGated } from "../../shared/pipeline/definition.ts";
import { isDerived, type PreparedDeployment, type RunEvent } from "../../shared/pipeline/events.ts";
import { evolve } from "../../shared/pipeline/evolve.ts";
import { explain } from "../../shared/pipeline/explain.ts";
import { leavingOf } from "../../shared/pipeline/leaving.ts";
import { stageBusy, stageHeld } from "../../shared/pipeline/messages.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import { gateRound, type Run } from "../../shared/pipeline/run.ts";
import {
  type Contender,
  evolveStageLock,
  FREE,
  type StageLock,
  type StageLockEvent,
} from "../../shared/pipeline/stage-lock.ts";
import { beginStage, enterStage, leaveStage, takerOf } from "../../shared/pipeline/stages.ts";
import { prepared, T0 } from "./given.ts";
import { commandText, eventText } from "./story-text.ts";

/** What AWS answers to a command at once; nothing where it takes its time. */
export type Answers = (run: Run, command: Command, now: number) => readonly RunEvent[];

/** Whole runs of the pure core, without I/O: events come in, commands go out, and all of it is written down. */
export class Story {
  now = T0;
  /** Set by a test when AWS is to answer otherwise from now on. */
  answers: Answers;
  private readonly lines: string[] = [];
  private readonly runs = new Map<string, Run>();
  private readonly locks = new Map<string, StageLock>();
  /** Runs of `queued` pipelines that have not been closed, in order. */
  private active: readonly Contender[] = [];
  private lastTime = "";

  constructor(title: string, answers: Answers) {
    this.answers = answers;
    this.lines.push(title, "=".repeat(title.length));
  }

  text(): string {
    const explained = [...this.runs.values()].flatMap((run) => [
      "",
      `$ tandem explain ${run.id}`,
      ...explain(run),
    ]);
    return `${[...this.lines, ...explained].join("\n")}\n`;
  }

  /** What somebody outside does, in words. */
  says(sentence: string): void {
    this.lines.push("", `# ${sentence}`);
  }

  /** Time goes by, and the sweep visits every run. */
  after(milliseconds: number, sentence: string): void {
    this.now += milliseconds;
    this.says(sentence);
    for (const runId of this.runs.keys()) this.advance([{ runId }]);
  }

  run(runId: string): Run {
    const run = this.runs.get(runId);
    if (run === undefined) throw new Error(`there is no run ${runId}`);
    return run;
  }

  happens(runId: string, event: RunEvent): void {
    this.advance([{ runId, event: { ...event, at: this.now } }]);
  }

  private advance(wakes: readonly Wake[]): void {
    const queue = [...wakes];
    for (let wake = queue.shift(); wake !== undefined; wake = queue.shift()) {
      const { runId, event } = wake;
      const done = new Set<string>();
      if (event !== undefined) this.take(runId, event);
      for (
        let commands = this.planned(runId, done);
        commands.length > 0;
        commands = this.planned(runId, done)
      ) {
        for (const command of commands) done.add(keyOf(command));
        const outcomes = commands.map((command) => this.perform(runId, command));
        for (const { events, wake: next } of outcomes) {
          for (const fact of events) this.take(runId, fact);
          queue.push(...next);
        }
      }
    }
  }

  private planned(runId: string, done: ReadonlySet<string>): readonly Command[] {
    const run = this.runs.get(runId);
    return run === undefined ? [] : plan(run, this.now).filter((command) => !done.has(keyOf(command)));
  }

  private take(runId: string, event: RunEvent): void {
    const run = this.runs.get(runId);
    const received = run === undefined ? ({ type: "news", event } as const) : receive(run, event);
    if (received.type === "ignored") {
      this.write(runId, `${eventText(event)} (ignored: ${received.reason})`);
      return;
    }
    const next = evolve(run, received.event);
    if (next !== undefined) this.runs.set(runId, next);
    if (event.type === "run.started" && event.definition.mode === "queued") {
      this.active = [...this.active, { runId, sequence: event.sequence }];
    }
    this.write(runId, eventText(received.event));
  }

  private write(runId: string, text: string): void {
    const time = new Date(this.now).toISOString().slice(5, 16).replace("T", " ");
    this.lines.push(`${time === this.lastTime ? " ".repeat(time.length) : time}  ${runId}  ${text}`);
    this.lastTime = time;
  }

  private perform(
    runId: string,
    command: Command,
  ): { readonly events: readonly RunEvent[]; readonly wake: readonly Wake[] } {
    const run = this.run(runId);
    if (command.type === "record") return { events: [command.event], wake: [] };
    const claim = claimOf(command, this.now);
    if (claim !== undefined) this.runs.set(runId, evolve(run, claim) ?? run);
    if (command.type !== "check-stage") this.write(runId, `  → ${commandText(command)}`);
    switch (command.type) {
      case "enter-stage":
        return this.enter(run, command.stage);
      case "begin-stage":
        return this.begin(run, command.stage);
      case "check-stage":
        return this.check(run, command.stage);
      case "leave-stage": {
        const stage = run.stages.find(({ definition }) => definition.name === command.stage);
        if (stage === undefined) throw new Error(`${runId} has no stage ${command.stage}`);
        const { events, next } = leaveStage(this.lock(command.stage), runId, leavingOf(run, stage));
        this.change(command.stage, events);
        const left: RunEvent = { type: "stage.left", at: this.now, stage: command.stage };
        return { events: [left], wake: next === undefined ? [] : [{ runId: next }] };
      }
      case "close-run": {
        this.active = this.active.filter((one) => one.runId !== runId);
        const next = this.active.find(({ sequence }) => sequence > run.sequence);
        const closed: RunEvent = { type: "run.closed", at: this.now };
        return { events: [closed], wake: next === undefined ? [] : [{ runId: next.runId }] };
      }
      default:
        return { events: this.answers(run, command, this.now), wake: [] };
    }
  }

  private enter(
    run: Run,
    name: string,
  ): { readonly events: readonly RunEvent[]; readonly wake: readonly Wake[] } {
    const stage = run.definition.stages.find((one) => one.name === name);
    const gated = stage !== undefined && isGated(stage);
    const { answer, events, displaced } = enterStage(
      this.lock(name),
      { runId: run.id, sequence: run.sequence },
      run.definition.mode,
      gated,
      this.active.filter(({ sequence }) => sequence < run.sequence),
      isDerived(run.trigger),
    );
    this.change(name, events);
    const at = this.now;
    const wake = this.tell(displaced, run, name);
    switch (answer.type) {
      case "entered":
        return {
          events: [
            { type: "stage.entered", at, stage: name, deployments: this.look(run, stage?.deploy ?? []) },
          ],
          wake,
        };
      case "waits": {
        const why = answer.held ? stageHeld(answer.behind) : stageBusy(answer.behind);
        return { events: [{ type: "stage.waited", at, stage: name, behind: answer.behind, why }], wake };
      }
      case "superseded":
        return { events: [{ type: "run.superseded", at, by: answer.by, stage: name }], wake };
      case "left":
        return { events: [], wake };
    }
  }

  /** What would change: each service runs the first revision of its family, unless a story says otherwise. */
  look: (run: Run, deploy: readonly EcsDeployment[]) => readonly PreparedDeployment[] = (_run, deploy) =>
    deploy.map(({ cluster, service }) => ({
      ...prepared(cluster),
      service,
      baseTaskDefinition: `${service}:1`,
    }));

  /** What the stage has come to run, and who would be the next in it. */
  lock(stage: string): StageLock {
    return this.locks.get(stage) ?? FREE;
  }

  private begin(
    run: Run,
    stage: string,
  ): { readonly events: readonly RunEvent[]; readonly wake: readonly Wake[] } {
    const round = gateRound(run, stage);
    const { events, displacedBy, displaced } = beginStage(this.lock(stage), run.id, round);
    this.change(stage, events);
    const at = this.now;
    const event: RunEvent =
      displacedBy === undefined
        ? { type: "stage.deploying", at, stage, round }
        : { type: "run.superseded", at, by: displacedBy, stage };
    return { events: [event], wake: this.tell(displaced, run, stage) };
  }

  private check(
    run: Run,
    stage: string,
  ): { readonly events: readonly RunEvent[]; readonly wake: readonly Wake[] } {
    const lock = this.lock(stage);
    if (lock.holder?.runId === run.id) return { events: [], wake: [] };
    return { events: [{ type: "run.superseded", at: this.now, by: takerOf(lock, run.id), stage }], wake: [] };
  }

  private tell(displaced: readonly string[], by: Run, stage: string): readonly Wake[] {
    return displaced.map((runId) => ({
      runId,
      event: { type: "run.superseded", at: this.now, by: by.id, stage },
    }));
  }

  private change(stage: string, events: readonly StageLockEvent[]): void {
    this.locks.set(stage, events.reduce(evolveStageLock, this.lock(stage)));
  }

  /** Somebody ends the hold of a stage; whoever is first in the queue is woken. */
  release(stage: string, by: string, reason: string): void {
    this.change(stage, [{ type: "stage.released", by, reason }]);
    const [next] = this.lock(stage).queue;
    if (next !== undefined) this.advance([{ runId: next.runId }]);
  }
}
