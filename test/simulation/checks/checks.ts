import type { Store } from "../../../shared/store/stream-store.ts";
import type { FakeCodeCommit } from "../aws/codecommit.ts";
import type { FakeEcr } from "../aws/ecr.ts";
import type { FakeEcs } from "../aws/ecs.ts";
import { BuildChecks } from "./builds.ts";
import { DecisionChecks } from "./decisions.ts";
import { DeliveryChecks } from "./deliveries.ts";
import { Findings } from "./findings.ts";
import { ImageChecks } from "./images.ts";
import { RolloutChecks } from "./rollouts.ts";
import { RunBook } from "./run-book.ts";
import { StageChecks } from "./stages.ts";
import { StreamChecks } from "./streams.ts";

/** Every check, and the store beneath which they watch. */
export class Checks {
  readonly findings = new Findings();
  readonly book = new RunBook(this.findings);
  readonly streams = new StreamChecks(this.findings);
  readonly builds = new BuildChecks(this.findings);
  readonly decisions = new DecisionChecks(this.findings);
  readonly deliveries: DeliveryChecks;
  readonly images: ImageChecks;
  readonly stages: StageChecks;
  readonly rollouts: RolloutChecks;
  readonly codecommit: FakeCodeCommit;

  constructor(codecommit: FakeCodeCommit, aws: { readonly ecr: () => FakeEcr; readonly ecs: () => FakeEcs }) {
    this.codecommit = codecommit;
    this.deliveries = new DeliveryChecks(this.findings, codecommit);
    this.images = new ImageChecks(this.findings, aws.ecr);
    this.stages = new StageChecks(this.findings, this.book, aws.ecs);
    this.rollouts = new RolloutChecks(this.findings, this.book, aws.ecs);
  }

  /** The store, with every write that takes effect shown to the checks. */
  watch(store: Store): Store {
    const { streams, intake, heads, deliveries } = store;
    return {
      heads,
      intake: {
        ...intake,
        put: async (pipeline, sequence, slot, at) => {
          const isFirst = await intake.put(pipeline, sequence, slot, at);
          if (isFirst && slot.type === "run") this.deliveries.numbered(pipeline, sequence, slot.run);
          return isFirst;
        },
      },
      streams: {
        ...streams,
        append: async (stream, version, events, state) => {
          const appended = await streams.append(stream, version, events, state);
          if (appended) this.#appended(stream, version, events, state);
          return appended;
        },
      },
      deliveries: {
        ...deliveries,
        record: async (delivery) => {
          const kept = await deliveries.record(delivery);
          this.deliveries.recorded(kept);
          return kept;
        },
      },
    };
  }

  #appended(stream: string, version: number, events: readonly unknown[], state: unknown): void {
    this.streams.appended(stream, version, events, state);
    const [kind, name = ""] = stream.split("#");
    if (kind === "stage") {
      for (const event of events) {
        if (isHold(event)) this.stages.held(name, event.runId);
        if (isRelease(event)) this.stages.released(name);
      }
    }
    if (kind !== "run") return;
    const changes = this.book.append(name, events);
    const begun = changes.at(-1)?.after;
    if (version === 0 && begun !== undefined) this.deliveries.opened(begun);
    for (const change of changes) {
      this.builds.changed(change);
      this.images.changed(change);
      this.stages.changed(change);
      this.rollouts.changed(change);
      const { event, after } = change;
      if (event.type === "approval.given" || event.type === "approval.refused")
        this.decisions.stored(after, event);
    }
  }
}

function isHold(event: unknown): event is { readonly runId: string } {
  return (
    typeof event === "object" &&
    event !== null &&
    "type" in event &&
    event.type === "stage.held" &&
    "runId" in event
  );
}

function isRelease(event: unknown): boolean {
  return typeof event === "object" && event !== null && "type" in event && event.type === "stage.released";
}
