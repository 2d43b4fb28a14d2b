import { intervene } from "../../../shared/decide-stage.ts";
import { codecommitSource } from "../../../shared/effects/codecommit.ts";
import { findService } from "../../../shared/effects/find-service.ts";
import { rollbackReady } from "../../../shared/effects/rehearsal.ts";
import { liftQuarantine, type Mover, rollBack, shiftWeights } from "../../../shared/move-release.ts";
import { capacityFrom } from "../../../shared/pipeline/capacity.ts";
import type {
  EcsDeployment,
  PipelineDefinition,
  StageDefinition,
} from "../../../shared/pipeline/definition.ts";
import { stopRun } from "../../../shared/pipeline/interventions.ts";
import { isTerminal } from "../../../shared/pipeline/run.ts";
import type { Tools } from "./functions.ts";
import { HTTP_TIMEOUT_MILLISECONDS } from "./lambda.ts";
import { ARNS, person } from "./people.ts";
import { MINUTE } from "./scenario.ts";
import type { World } from "./world.ts";

interface Place {
  readonly definition: PipelineDefinition;
  readonly stage: StageDefinition;
  readonly target: EcsDeployment;
  /** A run that has succeeded there. */
  readonly runId: string;
  /** It does without an architecture. */
  readonly lacks: boolean;
}

/** Release managers move what has been released: back, onto all architectures again, by weights. Or they stop a run. */
export class Moves {
  readonly #world: World;
  #requests = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Somebody moves what a stage runs, as soon as one does, and sometimes sends the same request twice. */
  move(patience = 10): void {
    const { random, agenda } = this.#world.machine;
    const places = this.#released();
    if (places.length === 0) {
      if (patience > 0) agenda.schedule(random.between(MINUTE, 5 * MINUTE), () => this.move(patience - 1));
      return;
    }
    const place = random.pick(places);
    this.#requests += 1;
    const id = `move ${this.#requests}`;
    const graviton = random.pick([0, 50, 100]);
    const steps = random.between(1, 2);
    const to = random.chance(0.7) ? place.runId : undefined;
    const kind = place.lacks
      ? random.pick(["unquarantine", "unquarantine", "shift"] as const)
      : random.pick(["rollback", "rollback", "shift"] as const);
    const act = async (tools: Tools) => {
      const mover = moverOf(tools, place, id);
      if (kind === "rollback") await rollBack(mover, "it is slow", to);
      else if (kind === "unquarantine") await liftQuarantine(mover, "mended");
      else await shift(tools, mover, place, graviton, steps);
    };
    this.#send(`${kind} of ${place.definition.name}/${place.stage.name}`, act);
    if (random.chance(0.3)) {
      this.#world.machine.agenda.schedule(random.between(0, 40_000), () => this.#send(`${kind} again`, act));
    }
  }

  #released(): readonly Place[] {
    return this.#world.checks.book.all.flatMap(({ run: { id: runId, definition, stages } }) =>
      stages.flatMap(({ definition: stage, state }) =>
        state.status !== "succeeded"
          ? []
          : stage.deploy.map((target, index): Place => {
              const lacks = state.deployments[index]?.quarantine !== undefined;
              return { definition, stage, target, runId, lacks };
            }),
      ),
    );
  }

  /** Somebody no longer wants a run. */
  stop(): void {
    const { checks, machine } = this.#world;
    const open = checks.book.all.flatMap(({ run }) => (isTerminal(run) ? [] : [run.id]));
    if (open.length === 0) return;
    const runId = machine.random.pick(open);
    this.#send(`stop of ${runId}`, async ({ deps }) => {
      await intervene(deps, runId, (run, now) => stopRun(run, { reason: "not now" }, person("bob"), now));
    });
  }

  #send(what: string, act: (tools: Tools) => Promise<void>): void {
    const { lambda, machine } = this.#world;
    machine.trace.note(() => `somebody asks for a ${what}`);
    lambda.invoke("http", act, { retried: false, timeout: HTTP_TIMEOUT_MILLISECONDS });
  }
}

function moverOf({ deps, aws }: Tools, { definition, stage }: Place, id: string): Mover {
  return {
    deps,
    source: codecommitSource(aws),
    rehearse: (target) => rollbackReady(aws, target),
    pipeline: definition.name,
    stage: stage.name,
    by: "alice",
    identity: ARNS.alice,
    id,
  };
}

async function shift(
  { aws }: Tools,
  mover: Mover,
  { target: { cluster, service } }: Place,
  graviton: number,
  steps: number,
): Promise<void> {
  const answer = await findService(aws, cluster, service);
  if ("failure" in answer) return;
  const from = capacityFrom(answer.found.capacityProviderStrategy);
  if (from === undefined) return;
  await shiftWeights(mover, from, { cluster, service, to: { graviton }, steps, bakeMinutes: 5 });
}
