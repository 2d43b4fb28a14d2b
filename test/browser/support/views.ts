import type { RunEvent } from "../../../shared/pipeline/events.ts";
import type { BuildDetails, RunDetails } from "../../../shared/pipeline/run-detail.ts";
import type { BuildView, RunView, StageView } from "../../../shared/pipeline/view.ts";

/** Runs as the API answers them, for a stand-in of it. */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const iso = (at: number) => new Date(at).toISOString();

/** 40 hexadecimal digits that stay the same for a number. */
export function commitOf(number: number): string {
  const hex = (((number + 17) * 2654435761) >>> 0).toString(16).padStart(8, "0");
  return (hex + hex.split("").reverse().join("")).repeat(3).slice(0, 40);
}

export function digestOf(text: string): string {
  let hash = 7;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `sha256:${hash.toString(16).padStart(8, "0").repeat(8)}`;
}

export const PLATFORMS = ["linux/amd64", "linux/arm64"] as const;

const PHASES = [
  ["QUEUED", 0.05],
  ["PROVISIONING", 0.12],
  ["DOWNLOAD_SOURCE", 0.06],
  ["INSTALL", 0.03],
  ["PRE_BUILD", 0.04],
  ["BUILD", 0.6],
  ["POST_BUILD", 0.09],
  ["UPLOAD_ARTIFACTS", 0],
  ["FINALIZING", 0.01],
] as const;

export function buildOf(platform: string, startedAt: number, seconds: number): BuildView {
  return {
    platform,
    status: "succeeded",
    attempt: 1,
    buildId: `tandem-${platform.replace("linux/", "")}:4f1c`,
    digest: digestOf(platform + startedAt),
    seconds,
    retried: [],
  };
}

/** What CodeBuild, ECR and the source say of a run like that of `publishedRun`. */
export function detailsOf(run: RunView, message: string): RunDetails {
  const start = new Date(run.startedAt).getTime();
  const images = run.images.map(({ name, builds }) => ({
    image: name,
    children: builds.flatMap(({ platform, digest }) =>
      digest === undefined
        ? []
        : [{ platform, digest, size: platform.includes("arm") ? 45_120_000 : 48_410_000 }],
    ),
  }));
  const builds = run.images.flatMap(({ name, builds: views }) =>
    views.map((view): BuildDetails => {
      const place = { image: name, platform: view.platform };
      return view.status === "running"
        ? { ...place, ...underway(start) }
        : { ...place, ...ended(view, start) };
    }),
  );
  const link = `https://git.example.com/${run.pipeline}/commit/${run.commit}`;
  return { run: run.id, message, link, builds, images };
}

const LOG = {
  link: "https://us-east-1.console.aws.amazon.com/codesuite/codebuild/projects/tandem",
  lines: [
    "#9 exporting to image",
    "#9 exporting layers done",
    "#9 pushing manifest done",
    "Phase complete: BUILD",
  ],
};

function underway(start: number): Omit<BuildDetails, "image" | "platform"> {
  const phases = [
    { name: "QUEUED", seconds: 4, status: "SUCCEEDED" },
    { name: "PROVISIONING", seconds: 11, status: "SUCCEEDED" },
    { name: "BUILD" },
  ];
  return { startedAt: iso(start + 2000), phases, log: LOG };
}

function ended(
  { platform, seconds = 0 }: BuildView,
  start: number,
): Omit<BuildDetails, "image" | "platform"> {
  return {
    startedAt: iso(start + 2000),
    endedAt: iso(start + 2000 + seconds * 1000),
    phases: PHASES.map(([name, part]) => ({
      name,
      seconds: Math.round(part * seconds),
      status: "SUCCEEDED",
    })),
    cost: {
      usd: seconds * (platform.includes("arm") ? 0.000057 : 0.000083),
      compute: "BUILD_GENERAL1_MEDIUM",
    },
    log: LOG,
  };
}

export interface Past {
  readonly pipeline: string;
  readonly sequence: number;
  readonly startedAt: number;
  readonly author: string;
  readonly ref?: string;
}

/** A run whose image is published, at the doors of its stages. */
export function publishedRun(past: Past, stages: readonly StageView[]): RunView {
  const { pipeline, sequence, startedAt, author } = past;
  const release = digestOf(`${pipeline}${sequence}`);
  const [amd64, arm64] = [
    buildOf("linux/amd64", startedAt + 2000, 141),
    buildOf("linux/arm64", startedAt + 3000, 97),
  ];
  return {
    id: `${pipeline}-${sequence}`,
    pipeline,
    sequence,
    status: "staging",
    repository: pipeline,
    ref: past.ref ?? "refs/heads/main",
    commit: commitOf(sequence),
    trigger: "push",
    author,
    startedAt: iso(startedAt),
    updatedAt: iso(startedAt + 3 * MINUTE),
    release,
    images: [
      {
        name: pipeline,
        repository: pipeline,
        status: "published",
        indexDigest: release,
        uri: `000000000000.dkr.ecr.us-east-1.amazonaws.com/${pipeline}@${release}`,
        size: 1609,
        tags: ["main", commitOf(sequence).slice(0, 7)],
        platforms: PLATFORMS,
        builds: [amd64, arm64],
      },
    ],
    stages,
    explanation: [`${pipeline}-${sequence} is staging`],
  };
}

/** The record of such a run, up to the gate of its second stage. */
export function eventsOf(run: RunView, gatedFor: string | undefined): readonly RunEvent[] {
  const start = new Date(run.startedAt).getTime();
  const key = (platform: "linux/amd64" | "linux/arm64") => ({ image: run.pipeline, platform, attempt: 1 });
  const deployment = { cluster: "staging", stage: "staging", service: "web" };
  const built = { digest: digestOf("x"), size: 1, mediaType: "", configDigest: "", configPlatform: "" };
  const events: RunEvent[] = [];
  const at = (seconds: number) => start + seconds * 1000;
  for (const platform of PLATFORMS) {
    const late = platform === "linux/arm64" ? 1 : 0;
    events.push({ type: "build.requested", at: at(1 + late), lease: 0, ...key(platform) });
    events.push({ type: "build.started", at: at(6 + late), buildId: "b", ...key(platform) });
  }
  events.push({ type: "build.succeeded", at: at(100), buildId: "b", built, ...key("linux/arm64") });
  events.push({ type: "build.succeeded", at: at(143), buildId: "b", built, ...key("linux/amd64") });
  events.push({ type: "index.publish-requested", at: at(144), image: run.pipeline, lease: 0 });
  events.push({
    type: "index.published",
    at: at(147),
    image: run.pipeline,
    repositoryUri: run.pipeline,
    digest: run.release ?? "",
    size: 1609,
    mediaType: "application/vnd.oci.image.index.v1+json",
    tags: ["main"],
    skippedTags: [],
    children: [],
  });
  events.push({ type: "stage.entered", at: at(148), stage: "staging", deployments: [] });
  events.push({ type: "stage.deploying", at: at(148), stage: "staging" });
  events.push({
    type: "deployment.succeeded",
    at: at(230),
    tasks: { x86_64: 2, arm64: 2 },
    digests: [],
    ...deployment,
  });
  events.push({ type: "stage.left", at: at(231), stage: "staging" });
  if (gatedFor !== undefined)
    events.push({ type: "stage.entered", at: at(232), stage: gatedFor, deployments: [] });
  return events;
}

export function settledStage(
  name: string,
  release: string,
  tasks: Readonly<Record<string, number>>,
): StageView {
  return {
    name,
    status: "succeeded",
    services: [
      {
        cluster: name,
        service: "web",
        status: "succeeded",
        images: {},
        taskDefinition: `arn:aws:ecs:us-east-1:000000000000:task-definition/web:57`,
        imageDigest: release,
        tasks,
      },
    ],
  };
}

export function gatedStage(name: string, release: string, openedAt: number): StageView {
  return {
    name,
    status: "gated",
    gate: {
      open: true,
      release,
      from: ["release-managers"],
      required: 2,
      approvals: [],
      openedAt: iso(openedAt),
      expiresAt: iso(openedAt + 7 * 24 * HOUR),
      voided: [],
      round: 0,
      conditions: [],
    },
    services: [{ cluster: name, service: "web", status: "pending", images: {} }],
  };
}
