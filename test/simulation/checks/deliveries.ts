import { isDerived } from "../../../shared/pipeline/events.ts";
import type { Run } from "../../../shared/pipeline/run.ts";
import type { DeliveryRecord } from "../../../shared/store/stream-store.ts";
import type { FakeCodeCommit } from "../aws/codecommit.ts";
import type { Findings } from "./findings.ts";

/** Invariant 6: every accepted delivery becomes one run or a recorded refusal; and numbers follow the order of pushes. */
export class DeliveryChecks {
  readonly #findings: Findings;
  readonly #codecommit: FakeCodeCommit;
  /** By run: the delivery that it was accepted for. */
  readonly #numbered = new Map<string, string>();
  readonly #records = new Map<string, DeliveryRecord["outcome"]>();
  /** By delivery: the run that was begun for it. */
  readonly #opened = new Map<string, string>();
  /** Runs that were not overtaken when they were opened. */
  readonly #going: Run[] = [];

  constructor(findings: Findings, codecommit: FakeCodeCommit) {
    this.#findings = findings;
    this.#codecommit = codecommit;
  }

  /** The runs that have been accepted, without those whose delivery had made another one. */
  get accepted(): readonly string[] {
    return [...this.#numbered].flatMap(([runId, delivery]) => {
      const outcome = this.#records.get(delivery);
      return outcome === undefined || ("runId" in outcome && outcome.runId === runId) ? [runId] : [];
    });
  }

  /** A delivery has been given a number. */
  numbered(pipeline: string, sequence: number, run: unknown): void {
    const runId = `${pipeline}-${sequence}`;
    const delivery =
      typeof run === "object" && run !== null && "deliveryId" in run && "runId" in run && run.runId === runId
        ? run.deliveryId
        : undefined;
    this.#findings.demand(
      delivery !== undefined,
      6,
      () => `what stands at ${runId} is no run of that number`,
    );
    this.#numbered.set(runId, `${delivery} ${pipeline}`);
  }

  /** A run's stream has been begun. */
  opened(run: Run): void {
    const { id, deliveryId, definition, status } = run;
    const key = `${deliveryId} ${definition.name}`;
    const before = this.#opened.get(key);
    this.#findings.demand(before === undefined, 6, () => `${key} made two runs: ${before}, ${id}`);
    this.#opened.set(key, id);
    const outcome = this.#records.get(key);
    this.#findings.demand(
      outcome !== undefined && "runId" in outcome && outcome.runId === id,
      6,
      () => `${id} was opened, but ${key} is recorded as ${JSON.stringify(outcome)}`,
    );
    if (status.status === "stopped" || !run.revision.ref.startsWith("refs/heads/")) return;
    // What only moves a release is no news of its branch.
    if (isDerived(run.trigger)) return;
    for (const other of this.#going) this.#demandOrder(other, run);
    this.#going.push(run);
  }

  /** In every mode: of two runs of a branch that go on, the one with the higher number is not of the older commit. */
  #demandOrder(one: Run, other: Run): void {
    const [low, high] = one.sequence < other.sequence ? [one, other] : [other, one];
    const { repository, ref } = low.revision;
    const isSameBranch = high.definition.name === low.definition.name && high.revision.ref === ref;
    if (!isSameBranch) return;
    const history = this.#codecommit.historyOf(repository, ref);
    // A branch may have been set back: only what it never was at again is older.
    const isOlder = history.lastIndexOf(high.revision.commit) < history.indexOf(low.revision.commit);
    this.#findings.demand(
      !isOlder,
      3,
      () => `${high.id} and ${low.id} both go on, and ${high.id} has the older commit of ${ref}`,
    );
  }

  recorded({ id, pipeline, outcome }: DeliveryRecord): void {
    this.#records.set(`${id} ${pipeline}`, outcome);
  }

  /** The function has answered for this delivery: it must be remembered what became of it. */
  answered(id: string, pipeline: string): void {
    const key = `${id} ${pipeline}`;
    this.#findings.demand(
      this.#records.has(key),
      6,
      () => `the delivery ${key} was taken, and is neither a run nor refused`,
    );
  }
}
