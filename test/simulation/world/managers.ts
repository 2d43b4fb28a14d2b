import { decideStage } from "../../../shared/decide-stage.ts";
import { openPause } from "../../../shared/pipeline/approvals.ts";
import { type Run, releaseOf } from "../../../shared/pipeline/run.ts";
import { releaseHold } from "../../../shared/release-hold.ts";
import { isInvolved, type Sent } from "../checks/decisions.ts";
import { HTTP_TIMEOUT_MILLISECONDS } from "./lambda.ts";
import type { Others } from "./others.ts";
import { MANAGERS, person, STRANGERS } from "./people.ts";
import { MINUTE } from "./scenario.ts";
import type { World } from "./world.ts";

/** Release managers, and those who would like to be: they look at a gate, think, and decide; sometimes twice. */
export class Managers {
  readonly #world: World;
  readonly #others: Others;

  constructor(world: World, others: Others) {
    this.#world = world;
    this.#others = others;
  }

  /** Somebody looks at whatever waits, and decides some time after. */
  look(): void {
    const { machine, checks } = this.#world;
    const { random, weather, agenda } = machine;
    const gated = checks.book.all.flatMap(({ run }) => gatesOf(run));
    if (gated.length === 0) return;
    const { run, stage, release } = random.pick(gated);
    const by = weather.strikes("stranger", 0.08) ? random.pick(STRANGERS) : random.pick(MANAGERS);
    if (isInvolved(run, by)) weather.count("self-approval");
    const sent: Sent = {
      by,
      runId: run.id,
      stage,
      decision: weather.strikes("refusal", 0.1) ? "refuse" : "approve",
      release: weather.strikes("wrong release", 0.05) ? `sha256:${"0".repeat(64)}` : release,
    };
    agenda.schedule(random.between(0, random.chance(0.5) ? 5_000 : 5 * MINUTE), () => {
      // Somebody else is at work on the same service, at the worst moment.
      if (!weather.isCalm && random.chance(this.#world.scenario.rates.foreign / 3)) this.#others.deploy();
      this.send(sent);
      if (!weather.strikes("double click", 0.2)) return;
      agenda.schedule(random.between(0, 300), () => this.send(sent));
    });
  }

  /** `POST /api/runs/{id}/stages/{stage}/approval` */
  send(sent: Sent): void {
    const { lambda, checks, machine } = this.#world;
    const { by, runId, stage, decision, release } = sent;
    checks.decisions.sent(sent);
    machine.trace.note(() => `${by} would ${decision} ${stage} of ${runId}`);
    lambda.invoke(
      "http",
      async ({ deps }) => {
        await decideStage(deps, runId, { stage, decision, release }, person(by));
      },
      { retried: false, timeout: HTTP_TIMEOUT_MILLISECONDS },
    );
  }

  /** Everybody who may approves everything that waits. */
  approveAll(): void {
    for (const { run } of this.#world.checks.book.all) {
      for (const { stage, release } of gatesOf(run)) {
        for (const by of MANAGERS) this.send({ by, runId: run.id, stage, decision: "approve", release });
      }
    }
  }

  /** Somebody mends what made a deployment roll back, and says so. */
  releaseHolds(): void {
    const { lambda, checks } = this.#world;
    for (const held of checks.stages.heldStages()) {
      const [pipeline = "", stage = ""] = held.split("/");
      lambda.invoke(
        "http",
        async ({ deps }) => {
          await releaseHold(
            deps,
            pipeline,
            stage,
            { by: "alice", identity: "alice", from: "here" },
            "mended",
          );
        },
        { retried: false, timeout: HTTP_TIMEOUT_MILLISECONDS },
      );
    }
  }
}

interface OpenGate {
  readonly run: Run;
  readonly stage: string;
  readonly release: string;
}

function gatesOf(run: Run): readonly OpenGate[] {
  const release = releaseOf(run);
  if (release === undefined || run.status.status !== "staging") return [];
  return run.stages.flatMap(({ definition, state }) =>
    state.status === "gated" || openPause({ definition, state }) !== undefined
      ? [{ run, stage: definition.name, release }]
      : [],
  );
}
