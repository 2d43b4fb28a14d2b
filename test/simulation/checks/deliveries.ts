import type { PipelineEvent } from "../../../shared/pipeline/pipelines.ts";
import type { DeliveryRecord } from "../../../shared/store/stream-store.ts";
import type { FakeCodeCommit } from "../aws/codecommit.ts";
import type { Findings } from "./findings.ts";

/** Invariant 6: every accepted delivery becomes one run or a recorded refusal; and numbers follow the order of pushes. */
export class DeliveryChecks {
  readonly #findings: Findings;
  readonly #codecommit: FakeCodeCommit;
  readonly #runs = new Map<string, string>();
  readonly #records = new Map<string, DeliveryRecord["outcome"]>();
  readonly #sequences = new Map<string, number>();
  readonly #positions = new Map<string, number>();

  constructor(findings: Findings, codecommit: FakeCodeCommit) {
    this.#findings = findings;
    this.#codecommit = codecommit;
  }

  /** The runs that have been accepted. */
  get accepted(): readonly string[] {
    return [...this.#runs.values()];
  }

  appended(pipeline: string, event: PipelineEvent): void {
    if (event.type !== "run.accepted") return;
    const { started } = event;
    const key = `${started.deliveryId} ${pipeline}`;
    const before = this.#runs.get(key);
    this.#findings.demand(before === undefined, 6, () => `${key} made two runs: ${before}, ${started.runId}`);
    this.#runs.set(key, started.runId);
    const sequence = (this.#sequences.get(pipeline) ?? 0) + 1;
    this.#findings.demand(
      started.sequence === sequence,
      6,
      () => `${started.runId} is not number ${sequence}`,
    );
    this.#sequences.set(pipeline, started.sequence);
    // At GitHub a commit that comes late has a number, too; it is withdrawn when it is opened.
    const { mode, source } = started.definition;
    if (mode === "superseded" && source.type === "codecommit") this.#demandOrder(pipeline, event);
  }

  /** The newest position that the branch has had this commit at may never lie before that of an earlier run. */
  #demandOrder(pipeline: string, { started }: Extract<PipelineEvent, { type: "run.accepted" }>): void {
    const { repository, ref, commit } = started.revision;
    if (!ref.startsWith("refs/heads/")) return;
    const position = this.#codecommit.historyOf(repository, ref).lastIndexOf(commit);
    const key = `${pipeline} ${ref}`;
    const newest = this.#positions.get(key) ?? -1;
    this.#findings.demand(
      position >= newest,
      3,
      () => `${started.runId} has commit ${position} of ${ref}; commit ${newest} had its run before`,
    );
    this.#positions.set(key, Math.max(position, newest));
  }

  recorded({ id, pipeline, outcome }: DeliveryRecord): void {
    const key = `${id} ${pipeline}`;
    const known = this.#records.get(key) ?? outcome;
    this.#records.set(key, known);
  }

  /** The function has answered for this delivery: it must be remembered what became of it. */
  answered(id: string, pipeline: string): void {
    const key = `${id} ${pipeline}`;
    this.#findings.demand(
      this.#records.has(key) || this.#runs.has(key),
      6,
      () => `the delivery ${key} was taken, and is neither a run nor refused`,
    );
  }
}
