import { createHash } from "node:crypto";
import type { Deps } from "../../shared/advance.ts";
import type { Aws } from "../../shared/effects/aws.ts";
import type { Store } from "../../shared/store/stream-store.ts";

/** As the fake repository names its commits. */
const COMMITS = Array.from({ length: 10 }, (_, n) => createHash("sha1").update(`commit ${n}`).digest("hex"));

/** A way to break the core from outside, to see whether the checks notice. */
export interface Sabotage {
  readonly store: (store: Store) => Store;
  readonly perform: (perform: Deps["perform"], now: () => number) => Deps["perform"];
  readonly aws: (aws: Aws) => Aws;
}

/** The core as it is. */
export const HONEST: Sabotage = {
  store: (store) => store,
  perform: (perform) => perform,
  aws: (aws) => aws,
};

function withStreams(change: (streams: Store["streams"]) => Partial<Store["streams"]>): Sabotage {
  return {
    ...HONEST,
    store: (store) => ({ ...store, streams: { ...store.streams, ...change(store.streams) } }),
  };
}

/** A store that writes although somebody else was first: the next free item is taken. */
export const IGNORES_VERSIONS = withStreams((streams) => ({
  append: async (stream, version, events, state) => {
    for (let next = version; ; next += 1) {
      if (await streams.append(stream, next, events, state)) return true;
    }
  },
}));

/** An advance that acts without having said so first. */
export const NO_CLAIMS = withStreams((streams) => ({
  append: (stream, version, events, state) =>
    streams.append(
      stream,
      version,
      events.filter((event) => !has(event, "lease")),
      state,
    ),
}));

/** Stages that everybody may enter at any time. */
export const NO_STAGE_LOCK = withStreams((streams) => ({
  last: async (stream) => {
    const { version, state } = await streams.last(stream);
    return { version, state: stream.startsWith("stage#") ? undefined : state };
  },
}));

/** Gates that open with an approval nobody gave. */
export const FORGED_APPROVALS = withStreams((streams) => ({
  append: (stream, version, events, state) => {
    const entered = events.find((event) => has(event, "type") && event.type === "stage.entered");
    const forged = has(entered, "stage")
      ? [{ ...entered, type: "approval.given", person: "nobody", identity: "nobody", release: "any" }]
      : [];
    return streams.append(stream, version, [...events, ...forged], state);
  },
}));

/** Pauses that go on with an approval nobody gave. */
export const FORGED_ANSWERS = withStreams((streams) => ({
  append: (stream, version, events, state) => {
    const paused = events.find((event) => has(event, "type") && event.type === "deployment.paused");
    const forged =
      has(paused, "stage") && has(paused, "hookId") && has(paused, "at")
        ? [
            {
              type: "approval.given",
              at: paused.at,
              stage: paused.stage,
              hookId: paused.hookId,
              person: "nobody",
              identity: "nobody",
              release: "any",
            },
          ]
        : [];
    return streams.append(stream, version, [...events, ...forged], state);
  },
}));

/** Tasks that ECS cannot tell from others of the same place. */
export const NO_TOKENS: Sabotage = {
  ...HONEST,
  perform: (perform, now) => async (run, command) =>
    perform(command.type === "run-task" ? { ...run, id: `${run.id} ${now()}` } : run, command),
};

/** Migrations that are said to have run. */
export const NO_MIGRATIONS: Sabotage = {
  ...HONEST,
  perform: (perform, now) => async (run, command) => {
    if (command.type !== "run-task") return perform(run, command);
    const { stage, cluster, service, when, index } = command;
    const key = { at: now(), stage, cluster, service, when, index };
    return { events: [{ type: "task.ended", ...key, lines: [] }], wake: [] };
  },
};

/** Services that are said to be back. */
export const NO_RETURNS: Sabotage = {
  ...HONEST,
  perform: (perform, now) => async (run, command) => {
    if (command.type !== "return-deployment") return perform(run, command);
    const { stage, cluster, service } = command;
    return { events: [{ type: "return.ended", at: now(), stage, cluster, service }], wake: [] };
  },
};

/** Refusals of deliveries that nobody writes down. */
export const NO_RECORDS: Sabotage = {
  ...HONEST,
  store: (store) => ({ ...store, deliveries: { ...store.deliveries, record: async (delivery) => delivery } }),
};

/** Sweeps that see no run. */
export const BLIND_SWEEPS: Sabotage = {
  ...HONEST,
  store: (store) => ({ ...store, heads: { ...store.heads, active: async () => ({ items: [] }) } }),
};

/** A repository that names no branches. */
export const NO_BRANCHES: Sabotage = {
  ...HONEST,
  aws: (aws) => ({ ...aws, codecommit: { ...aws.codecommit, listBranches: async () => ({ branches: [] }) } }),
};

/** A host that says of every commit that it has come out of all others. */
export const NO_HISTORY: Sabotage = {
  ...HONEST,
  aws: (aws) => ({
    ...aws,
    codecommit: {
      ...aws.codecommit,
      getCommit: async (input) => {
        const { commit, ...rest } = await aws.codecommit.getCommit(input);
        return { ...rest, commit: { ...commit, parents: COMMITS } };
      },
    },
  }),
};

/** Numbers that nobody closes: who has drawn one may use it at any time. */
export const NO_CLOSED_NUMBERS: Sabotage = {
  ...HONEST,
  store: (store) => ({
    ...store,
    intake: {
      ...store.intake,
      put: async (pipeline, sequence, slot, at) =>
        slot.type === "none" || store.intake.put(pipeline, sequence, slot, at),
    },
  }),
};

/** Stages that know no order of a queue. */
export const NO_QUEUE: Sabotage = {
  ...HONEST,
  perform: (perform) => (run, command) => {
    const { definition } = run;
    return command.type === "enter-stage" && definition.mode === "queued"
      ? perform({ ...run, definition: { ...definition, mode: "parallel" } }, command)
      : perform(run, command);
  },
};

/** An index that is published before every platform is there. */
export const HALF_AN_INDEX: Sabotage = {
  ...HONEST,
  perform: (perform) => (run, command) =>
    perform(command.type === "publish-index" ? { ...run, builds: run.builds.slice(1) } : run, command),
};

/** A verdict that takes every end of a deployment for a success. */
export const BELIEVES_EVERY_END: Sabotage = {
  ...HONEST,
  perform: (perform, now) => async (run, command) => {
    const outcome = await perform(run, command);
    if (command.type !== "verify-deployment") return outcome;
    const { stage, cluster, service } = command;
    const events = outcome.events.map((event) =>
      event.type === "deployment.failed"
        ? {
            type: "deployment.succeeded" as const,
            at: now(),
            stage,
            cluster,
            service,
            tasks: {},
            digests: [],
          }
        : event,
    );
    return { ...outcome, events };
  },
};

function has<K extends string>(event: unknown, key: K): event is Record<K, unknown> {
  return typeof event === "object" && event !== null && key in event;
}
