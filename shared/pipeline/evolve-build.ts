import type { RunEventOf } from "./events.ts";
import type { Build, BuildState } from "./run.ts";

export type BuildEvent = RunEventOf<
  | "build.requested"
  | "build.started"
  | "build.succeeded"
  | "build.failed"
  | "build.log-read"
  | "build.stop-requested"
  | "build.stopped"
>;

/** Folds an event into the build it is about; an event of an earlier attempt changes nothing. */
export function evolveBuild(build: Build, event: BuildEvent): Build {
  if (event.attempt !== build.attempt) return build;
  if (event.type === "build.failed") return failed(build, event);
  const state = evolveState(build.state, event);
  return state === build.state ? build : { ...build, state };
}

/** A transient failure begins the next attempt; `receive` says which failures are. */
function failed(build: Build, event: RunEventOf<"build.failed">): Build {
  if (isSettled(build.state)) return build;
  if (event.transient) {
    return {
      ...build,
      attempt: build.attempt + 1,
      retried: [...build.retried, event.failure],
      state: { status: "pending" },
    };
  }
  const { failure, buildId, log } = event;
  return {
    ...build,
    state: {
      status: "failed",
      failure,
      ...(buildId === undefined ? {} : { buildId }),
      ...(log === undefined ? {} : { log }),
    },
  };
}

function evolveState(state: BuildState, event: Exclude<BuildEvent, { type: "build.failed" }>): BuildState {
  switch (event.type) {
    case "build.requested":
      return state.status === "pending" || state.status === "requested"
        ? { status: "requested", since: event.at, lease: event.lease }
        : state;
    case "build.started":
      return state.status === "pending" || state.status === "requested"
        ? { status: "running", buildId: event.buildId, since: event.at }
        : state;
    case "build.succeeded":
      if (isSettled(state)) return state;
      return {
        status: "succeeded",
        buildId: event.buildId,
        built: event.built,
        since: state.status === "pending" ? event.at : state.since,
        until: event.at,
      };
    case "build.log-read":
      return state.status === "failed" ? { ...state, lines: event.lines } : state;
    case "build.stop-requested":
      return state.status === "running" ? { ...state, stop: { since: event.at, lease: event.lease } } : state;
    case "build.stopped":
      if (isSettled(state)) return state;
      return { status: "stopped", ...(state.status === "running" ? { buildId: state.buildId } : {}) };
  }
}

/** Whether the build has ended, one way or another. */
export function isSettled(
  state: BuildState,
): state is Extract<BuildState, { status: "succeeded" | "failed" | "stopped" }> {
  return state.status === "succeeded" || state.status === "failed" || state.status === "stopped";
}
