import type { LocalContext } from "../service.ts";
import type { BuildStore } from "./build-store.ts";
import { buildPhaseChange, buildStateChange } from "./events.ts";
import type { Build, Phase, PhaseContext, PhaseType, Status } from "./model.ts";

const NOTHING_TO_SAY: PhaseContext = { statusCode: "", message: "" };

/** The story of one build as it unfolds: every step is stored and raises its event. */
export class BuildRecord {
  readonly #context: Pick<LocalContext, "emit" | "now">;
  readonly #store: BuildStore;
  #build: Build;

  constructor(context: Pick<LocalContext, "emit" | "now">, store: BuildStore, build: Build) {
    this.#context = context;
    this.#store = store;
    this.#build = build;
  }

  get build(): Build {
    return this.#build;
  }

  set(change: Partial<Build>): void {
    this.#build = { ...this.#build, ...change };
    this.#store.update(this.#build);
  }

  begin(phaseType: PhaseType): void {
    const phase: Phase = { phaseType, startTime: this.#seconds() };
    this.set({ currentPhase: phaseType, phases: [...this.#build.phases, phase] });
  }

  /** Ends the current phase. */
  end(phaseStatus: Status, context: PhaseContext = NOTHING_TO_SAY): void {
    const current = this.#build.phases.at(-1);
    if (current === undefined || current.endTime !== undefined) return;
    const endTime = this.#seconds();
    const ended: Phase = {
      ...current,
      phaseStatus,
      endTime,
      durationInSeconds: Math.round(endTime - current.startTime),
      contexts: [context],
    };
    this.set({ phases: [...this.#build.phases.slice(0, -1), ended] });
    this.#context.emit(buildPhaseChange(this.#build, ended));
  }

  /** The build is over. */
  finish(buildStatus: Status): void {
    const now = this.#seconds();
    const completed: Phase = { phaseType: "COMPLETED", startTime: now };
    this.set({
      currentPhase: "COMPLETED",
      buildStatus,
      buildComplete: true,
      endTime: now,
      phases: [...this.#build.phases, completed],
    });
    this.#context.emit(buildPhaseChange(this.#build, completed));
    this.#context.emit(buildStateChange(this.#build));
  }

  #seconds(): number {
    return this.#context.now() / 1000;
  }
}
