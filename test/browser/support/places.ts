import type { AuditEntry, PipelineView } from "../../../shared/pipeline/api-views.ts";
import type { ClusterView } from "../../../shared/pipeline/cluster-view.ts";
import { commitOf, digestOf, HOUR, iso, MINUTE, PLATFORMS } from "./views.ts";

/** The pipelines, clusters and decisions of the stand-in's day. */

export function releaseLine(pipeline: string, sequence: number, at: number) {
  return {
    run: `${pipeline}-${sequence}`,
    sequence,
    commit: commitOf(sequence),
    ref: "refs/heads/main",
    release: digestOf(`${pipeline}${sequence}`),
    at: iso(at),
  };
}

export function pipelinesAt(now: number): readonly PipelineView[] {
  const images = (name: string) => [{ name, platforms: PLATFORMS }];
  const approval = { from: ["release-managers"], required: 2, selfApproval: false };
  const stage = (name: string) => ({ name, services: [{ cluster: name, service: "web" }], queue: [] });
  return [
    {
      name: "shop",
      source: { type: "codecommit", repository: "shop" },
      mode: "superseded",
      images: images("shop"),
      sequence: 44,
      stages: [
        { ...stage("staging"), release: releaseLine("shop", 43, now - 26 * MINUTE) },
        {
          ...stage("production"),
          approval,
          release: releaseLine("shop", 42, now - 49 * HOUR),
          holder: {
            run: "shop-43",
            sequence: 43,
            phase: "gated",
            commit: commitOf(43),
            since: iso(now - 26 * MINUTE),
            gate: {
              release: digestOf("shop43"),
              from: approval.from,
              required: 2,
              approvals: [],
              expiresAt: iso(now + 6 * 24 * HOUR),
            },
          },
        },
      ],
    },
    {
      name: "hello",
      source: { type: "github", repository: "acme/hello" },
      mode: "queued",
      images: images("hello"),
      sequence: 10,
      stages: [
        {
          ...stage("production"),
          approval,
          release: releaseLine("hello", 8, now - 90 * HOUR),
          quarantined: [
            {
              cluster: "production",
              service: "web",
              architecture: "arm64",
              reason: "exit 255 (exec format error)",
            },
          ],
          hold: { run: "hello-9", reason: "ECS rolled its deployment back" },
          queue: [{ run: "hello-10", sequence: 10 }],
        },
      ],
    },
    {
      name: "search",
      source: { type: "github", repository: "acme/search" },
      mode: "parallel",
      images: images("search"),
      sequence: 128,
      stages: [
        { ...stage("staging"), release: releaseLine("search", 128, now - 3 * HOUR) },
        { ...stage("canary"), release: releaseLine("search", 128, now - 2.5 * HOUR) },
        { ...stage("production"), release: releaseLine("search", 126, now - 28 * HOUR) },
      ],
    },
  ];
}

export function auditAt(now: number): AuditEntry[] {
  return [
    {
      at: iso(now - 49 * HOUR),
      act: "approve",
      pipeline: "shop",
      run: "shop-42",
      stage: "production",
      person: "bob",
      identity: "https://issuer.example.com#bob",
      release: digestOf("shop42"),
      comment: "Checked the basket by hand",
      from: "jwt 192.0.2.7",
    },
  ];
}

export function clusters(): readonly ClusterView[] {
  const hosts = [
    ["x86_64", "x86", "m7i.large"],
    ["x86_64", "x86", "m7i.large"],
    ["arm64", "graviton", "m7g.large"],
    ["arm64", "graviton", "m7g.large"],
    ["arm64", "graviton", "m7g.large"],
  ].map(([architecture = "", capacityProvider = "", instanceType = ""], index) => ({
    id: `${index}f3a${index}9c1b7d2e4f60`,
    architecture,
    capacityProvider,
    instanceType,
    status: index === 4 ? "DRAINING" : "ACTIVE",
    connected: true,
  }));
  const tasks = (service: string, count: number, revision: number, sequence: number) =>
    Array.from({ length: count }, (_, index) => {
      const host = hosts[(index * 2 + revision) % hosts.length];
      return {
        id: `${service}-${index}`,
        architecture: host?.architecture ?? "",
        status: "RUNNING",
        taskDefinition: `arn:aws:ecs:us-east-1:000000000000:task-definition/${service}:${revision}`,
        host: host?.id,
        sequence,
      };
    });
  return [
    {
      name: "production",
      hosts,
      simulated: true,
      stages: ["shop/production", "hello/production"],
      services: [
        { name: "web", desired: 8, tasks: tasks("web", 8, 57, 42) },
        { name: "hello", desired: 3, tasks: tasks("hello", 3, 12, 8) },
      ],
    },
  ];
}
