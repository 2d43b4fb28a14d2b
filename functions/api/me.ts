import { Hono } from "hono";
import type { InboxAnswer, InboxItem, MeView } from "../../shared/pipeline/api-views.ts";
import { barredAs, deciderOf, isSameDecider } from "../../shared/pipeline/approvals.ts";
import { approvalProblem } from "../../shared/pipeline/messages.ts";
import type { Caller } from "./caller.ts";
import { type ApiEnv, type ApiServices, isoTime } from "./context.ts";
import { mayDecide, mayOperate, mayRead } from "./permission.ts";
import { askedOf, gateLine, readStage, type StageNow } from "./stage-view.ts";

/** Who asks, what they may do, and what waits for them. */
export function meRoutes({ deps, pipelines, settings }: ApiServices): Hono<ApiEnv> {
  const { access } = settings;
  const app = new Hono<ApiEnv>();

  app.get("/me", (context) => {
    const { caller } = context.var;
    const { person, by } = caller;
    const operated = pipelines.filter((pipeline) => mayOperate(access, pipeline, caller));
    const decided = pipelines.flatMap((pipeline) =>
      pipeline.stages
        .filter((stage) => mayDecide(access, pipeline, stage, caller))
        .map((stage) => ({ pipeline: pipeline.name, stage: stage.name })),
    );
    const answer: MeView = {
      person: person.name,
      identity: person.identity,
      aliases: person.aliases ?? [],
      groups: person.groups,
      by,
      may: {
        read: mayRead(access, caller),
        operate: operated.map(({ name }) => name),
        decide: decided,
      },
    };
    return context.json(answer);
  });

  app.get("/inbox", async (context) => {
    const { caller } = context.var;
    const mine = pipelines.flatMap((pipeline) =>
      pipeline.stages
        .filter((stage) => mayDecide(access, pipeline, stage, caller))
        .map((stage) => readStage(deps.store, pipeline, stage)),
    );
    const items = (await Promise.all(mine)).flatMap((now) => itemsOf(now, caller));
    items.sort((a, b) => ((a.since ?? "") < (b.since ?? "") ? -1 : 1));
    const answer: InboxAnswer = { person: caller.person.name, items };
    return context.json(answer);
  });

  return app;
}

function itemsOf(now: StageNow, caller: Caller): readonly InboxItem[] {
  return [approvalOf(now, caller), holdOf(now)].filter((item) => item !== undefined);
}

/** The run at the stage's gate, unless the person has approved already. */
function approvalOf({ pipeline, definition, run }: StageNow, { person }: Caller): InboxItem | undefined {
  const stage = run?.stages.find((one) => one.definition.name === definition.name);
  if (run === undefined || stage === undefined) return undefined;
  const asked = askedOf(stage);
  const gate = gateLine(stage, asked);
  if (asked === undefined || gate === undefined) return undefined;
  const decider = deciderOf(run.definition, person);
  if (asked.approvals.some((given) => isSameDecider(given, decider))) return undefined;
  // What waits for its window or its checks waits for nobody.
  if (gate.approvals.length >= gate.required) return undefined;
  const at = `/runs/${encodeURIComponent(run.id)}`;
  const as = stage.definition.approval?.selfApproval === true ? undefined : barredAs(run, person);
  return {
    type: "approval",
    ...{ pipeline: pipeline.name, stage: definition.name, run: run.id },
    since: isoTime(asked.since),
    commit: run.revision.commit,
    ref: run.revision.ref,
    author: run.people.author,
    gate,
    links: {
      run: at,
      events: `${at}/events`,
      card: `${at}/stages/${encodeURIComponent(definition.name)}/card`,
      approval: `${at}/stages/${encodeURIComponent(definition.name)}/approval`,
    },
    barred:
      as === undefined ? undefined : approvalProblem(run, definition.name, { code: "self-approval", as }),
  };
}

function holdOf({ pipeline, definition, lock }: StageNow): InboxItem | undefined {
  const { hold } = lock;
  if (hold === undefined) return undefined;
  return {
    type: "hold",
    ...{ pipeline: pipeline.name, stage: definition.name, run: hold.runId },
    since: undefined,
    reason: hold.reason,
    links: {
      run: `/runs/${encodeURIComponent(hold.runId)}`,
      releaseHold: `/pipelines/${encodeURIComponent(pipeline.name)}/stages/${encodeURIComponent(definition.name)}/release-hold`,
    },
  };
}
