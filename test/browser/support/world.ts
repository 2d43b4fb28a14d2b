import type { AuditEntry, PipelineView, RunLine } from "../../../shared/pipeline/api-views.ts";
import type { ClusterView } from "../../../shared/pipeline/cluster-view.ts";
import type { RunEvent } from "../../../shared/pipeline/events.ts";
import type { RolloutView } from "../../../shared/pipeline/rollout-view.ts";
import type { RunDetails } from "../../../shared/pipeline/run-detail.ts";
import type { RunView } from "../../../shared/pipeline/view.ts";
import { auditAt, clusters, pipelinesAt } from "./places.ts";
import {
  detailsOf,
  digestOf,
  eventsOf,
  gatedStage,
  HOUR,
  MINUTE,
  publishedRun,
  settledStage,
} from "./views.ts";

/** What a stand-in of the API knows: a few pipelines in the middle of their day. */
export interface World {
  readonly now: number;
  readonly runs: Map<string, RunView>;
  readonly events: Map<string, readonly RunEvent[]>;
  readonly details: Map<string, RunDetails>;
  /** Lines of runs that nobody looks into, so that lists are long. */
  readonly past: RunLine[];
  pipelines: readonly PipelineView[];
  readonly rollouts: Map<string, RolloutView>;
  readonly audit: AuditEntry[];
  clusters: readonly ClusterView[];
}

export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  alice: ["release-managers"],
  bob: ["release-managers"],
  carol: ["developers"],
  mallory: [],
};

/** A commit message that tries what it can. */
export const HOSTILE =
  "<img src=x onerror=\"document.title='owned'\"> & <script>window.owned=1</script> \u001b[31mred\u0007 \u202egnp.exe";

export function newWorld(now = Date.now()): World {
  const production = gatedStage("production", digestOf("shop43"), now - 26 * MINUTE);
  const shop43 = publishedRun(
    {
      pipeline: "shop",
      sequence: 43,
      startedAt: now - 30 * MINUTE,
      author: "Carol Diaz <carol@example.com>",
    },
    [
      settledStage("staging", digestOf("shop43"), { x86_64: 2, arm64: 2 }),
      { ...production, services: [{ ...webOf("production"), ...CHANGES }] },
    ],
  );
  const shop44 = building(now);
  const hello9 = rolledBack(now);
  const runs = new Map([shop43, shop44, hello9].map((run) => [run.id, run]));
  const events = new Map<string, readonly RunEvent[]>([
    [shop43.id, eventsOf(shop43, "production")],
    [shop44.id, eventsOf(shop44, undefined).slice(0, 4)],
    [hello9.id, eventsOf(hello9, undefined)],
  ]);
  const details = new Map([
    [shop43.id, detailsOf(shop43, "Show the delivery date before paying")],
    [shop44.id, detailsOf(shop44, HOSTILE)],
    [hello9.id, detailsOf(hello9, "Use the new base image")],
  ]);
  return {
    now,
    runs,
    events,
    details,
    past: [],
    pipelines: pipelinesAt(now),
    rollouts: new Map(),
    audit: auditAt(now),
    clusters: clusters(),
  };
}

const webOf = (cluster: string) => ({ cluster, service: "web", status: "pending", images: {} });

const REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com";
const CHANGES = {
  images: {
    web: {
      from: `${REGISTRY}/shop@${digestOf("shop42")}`,
      to: `${REGISTRY}/shop@${digestOf("shop43")}`,
    },
  },
  changes: [{ path: "containerDefinitions.web.environment.DELIVERY_DATES", to: "on" }],
  hosts: { x86_64: ["x86"], arm64: ["graviton"] },
  rollbackProblems: [],
};

function building(now: number): RunView {
  const run = publishedRun(
    {
      pipeline: "shop",
      sequence: 44,
      startedAt: now - 70_000,
      author: "<b>Dave</b> <dave@example.com>",
    },
    [
      { name: "staging", status: "pending", services: [webOf("staging")] },
      { name: "production", status: "pending", services: [webOf("production")] },
    ],
  );
  const images = run.images.map(({ name, repository, platforms, builds }) => ({
    ...{ name, repository, platforms },
    status: "unpublished",
    builds: builds.map(({ platform, attempt, buildId, retried }) => ({
      ...{ platform, attempt, buildId, retried },
      status: "running",
    })),
  }));
  return { ...run, status: "building", release: undefined, images };
}

function rolledBack(now: number): RunView {
  const run = publishedRun(
    {
      pipeline: "hello",
      sequence: 9,
      startedAt: now - 5 * HOUR,
      author: "Erin Novak <erin@example.com>",
    },
    [],
  );
  const reason =
    "ECS rolled service web back: tasks failed to start; the stage is held: read the stopped tasks' reasons, mend, and release the hold";
  const failed = {
    ...settledStage("production", run.release ?? "", {}),
    status: "rolled-back",
    reason,
  };
  const services = failed.services.map((service) => ({
    ...service,
    status: "failed",
    imageDigest: undefined,
    verdict: [
      { architecture: "x86_64", running: 6, wanted: 6, attempts: 0, digests: [], failures: [] },
      {
        architecture: "arm64",
        running: 0,
        wanted: 2,
        attempts: 6,
        digests: [],
        failures: [{ container: "web", exitCode: 255, reason: "exec format error", count: 6 }],
      },
    ],
  }));
  return {
    ...run,
    status: "failed",
    reason: `stage production rolled-back: ${reason}`,
    stages: [{ ...failed, services }],
  };
}
