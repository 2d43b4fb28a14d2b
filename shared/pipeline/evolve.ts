import type { ImageDefinition, Platform } from "./definition.ts";
import type { Instant, PublishedIndex, RunEvent, RunEventOf } from "./events.ts";
import { evolveBuild } from "./evolve-build.ts";
import { evolveMessages, isMessageEvent, type MessageEvent } from "./evolve-messages.ts";
import { evolveReport, isReportEvent, type ReportEvent } from "./evolve-report.ts";
import { evolveStage } from "./evolve-stage.ts";
import type { Build, Image, ImageState, Run, Stage } from "./run.ts";
import { isTerminal, releaseOf } from "./run.ts";

/**
 * Folds one event into a run. Total: an event that does not fit the state leaves it as it is (`receive` says why an
 * event from outside is ignored before it is stored; the loser of a race does no harm here). Terminal is final; only
 * that the next in the queue and the commit's host have been told comes after it.
 */
export function evolve(run: Run | undefined, event: RunEvent): Run | undefined {
  if (run === undefined) return event.type === "run.started" ? started(event) : undefined;
  if (isReportEvent(event)) return evolveReport(run, event);
  if (isMessageEvent(event)) return evolveMessages(run, event);
  if (isTerminal(run)) return event.type === "run.closed" && !run.closed ? { ...run, closed: true } : run;
  const next = applied(run, event);
  return next === run ? run : { ...next, updatedAt: event.at };
}

/** Folds a whole stream. Undefined when it is empty. */
export function replay(events: Iterable<RunEvent>): Run | undefined {
  let run: Run | undefined;
  for (const event of events) run = evolve(run, event);
  return run;
}

function started(event: RunEventOf<"run.started">): Run {
  const { definition } = event;
  const builds = definition.images
    .filter(({ name }) => event.reused[name] === undefined)
    .flatMap(({ name, platforms }) => platforms.map((platform) => pending(name, platform)));
  return {
    id: event.runId,
    sequence: event.sequence,
    definition,
    revision: event.revision,
    people: event.people,
    deliveryId: event.deliveryId,
    trigger: event.trigger,
    startedAt: event.at,
    updatedAt: event.at,
    status: { status: builds.length === 0 ? "staging" : "building" },
    builds,
    images: definition.images.map((image) => startedImage(image, event.reused[image.name], event.at)),
    stages: definition.stages.map((stage) => ({ definition: stage, state: { status: "pending" } })),
    closed: false,
    reported: {},
    ...(event.restore === undefined ? {} : { restore: event.restore }),
  };
}

function pending(image: string, platform: Platform): Build {
  return { image, platform, attempt: 1, retried: [], state: { status: "pending" } };
}

/** An image that is used again is published from the start. */
function startedImage(definition: ImageDefinition, reused: PublishedIndex | undefined, at: Instant): Image {
  if (reused === undefined) return { definition, state: { status: "unpublished" } };
  const { runId, commit: _commit, sequence: _sequence, ...index } = reused;
  return {
    definition,
    state: { status: "published", ...index, tags: [], skippedTags: [], reusedFrom: runId, at },
  };
}

function applied(run: Run, event: Exclude<RunEvent, ReportEvent | MessageEvent>): Run {
  switch (event.type) {
    case "run.started":
      return run;
    case "build.requested":
    case "build.started":
    case "build.succeeded":
    case "build.failed":
    case "build.log-read":
    case "build.stop-requested":
    case "build.stopped":
      return withBuild(run, event, (build) => evolveBuild(build, event));
    case "index.publish-requested":
      return publishing(run, event);
    case "index.published":
      return published(run, event);
    case "index.failed":
      return withImage(run, event.image, (state) =>
        state.status === "published" ? state : { status: "failed", failure: event.failure },
      );
    case "run.stop-requested": {
      const { person, identity, at, reason } = event;
      return run.stop === undefined ? { ...run, stop: { person, identity, at, reason } } : run;
    }
    case "run.superseded":
      return { ...run, status: { status: "superseded", by: event.by } };
    case "run.finished":
      return { ...run, status: { status: event.outcome, reason: event.reason } };
    case "run.closed":
      return run;
    default:
      return withStage(run, event.stage, (stage) => evolveStage(stage, event, releaseOf(run) ?? ""));
  }
}

function publishing(run: Run, event: RunEventOf<"index.publish-requested">): Run {
  const next = withImage(run, event.image, (state) =>
    state.status === "published" || state.status === "failed"
      ? state
      : { status: "publishing", since: event.at, lease: event.lease },
  );
  return next === run ? run : { ...next, status: { status: "publishing" } };
}

function published(run: Run, event: RunEventOf<"index.published">): Run {
  const { type: _type, image, ...index } = event;
  const next = withImage(run, image, (state) =>
    state.status === "published" ? state : { status: "published", ...index },
  );
  const all = next.images.every(({ state }) => state.status === "published");
  return all && next !== run ? { ...next, status: { status: "staging" } } : next;
}

/** Changes one element; the same run when nothing changed, so that callers can tell. */
function changed<T>(
  items: readonly T[],
  matches: (item: T) => boolean,
  change: (item: T) => T,
): readonly T[] {
  let same = true;
  const next = items.map((item) => {
    if (!matches(item)) return item;
    const replaced = change(item);
    same &&= replaced === item;
    return replaced;
  });
  return same ? items : next;
}

function withBuild(
  run: Run,
  key: { readonly image: string; readonly platform: string },
  change: (build: Build) => Build,
): Run {
  const builds = changed(run.builds, (b) => b.image === key.image && b.platform === key.platform, change);
  return builds === run.builds ? run : { ...run, builds };
}

function withImage(run: Run, name: string, change: (state: ImageState) => ImageState): Run {
  const images = changed<Image>(
    run.images,
    (image) => image.definition.name === name,
    (image) => {
      const state = change(image.state);
      return state === image.state ? image : { ...image, state };
    },
  );
  return images === run.images ? run : { ...run, images };
}

function withStage(run: Run, name: string, change: (stage: Stage) => Stage): Run {
  const stages = changed(run.stages, (stage) => stage.definition.name === name, change);
  return stages === run.stages ? run : { ...run, stages };
}
