import { openPause, quorum, quorumOf } from "./approvals.ts";
import type { Instant } from "./events.ts";
import type { Subject } from "./message-channel.ts";
import type { Approval, Run, Stage } from "./run.ts";
import { deploymentsOf, isBuildOnly, isStageEnd, isTerminal } from "./run.ts";
import type { Saying } from "./telling-events.ts";

/** One thing that there is to say about a run, by its state alone. */
export interface News extends Saying {
  /** What it is about: a later version takes the place of this one. */
  readonly key: string;
  readonly type: "approval" | "stage" | "run";
  /** The stage, of all but `run`. */
  readonly stage?: string;
  readonly state: NewsState;
  readonly subjects: readonly Subject[];
  /** `loud`: somebody is to look; `quiet`: only corrects what has been said. */
  readonly manner: "loud" | "plain" | "quiet";
  /** What people are asked, while they are. */
  readonly asked?: Asked;
}

/** What there is to say, by what it is about. */
export const STATES_OF = {
  run: ["started", "succeeded", "failed", "stopped", "superseded"],
  stage: ["deploying", "succeeded", "failed", "rolled-back"],
  approval: ["wanted", "approved", "refused", "expired", "closed"],
} as const satisfies Readonly<Record<News["type"], readonly string[]>>;

export type NewsState = (typeof STATES_OF)[News["type"]][number];

/** All of them, once each. */
export const NEWS_STATES: readonly NewsState[] = [...new Set(Object.values(STATES_OF).flat())];

/** A question to the members of groups. */
export interface Asked {
  /** Tells it from those before and after it in the same stage: `questionOf`. */
  readonly question: string;
  readonly from: readonly string[];
  readonly required: number;
  readonly approvals: readonly Approval[];
  readonly expiresAt: Instant;
  /** Where ECS waits; absent: before the stage. */
  readonly lifecycleStage?: string;
}

/** Everything there is to say now. Pull requests have their comments and checks: nothing is said of them. */
export function newsOf(run: Run): readonly News[] {
  if (isBuildOnly(run)) return [];
  return [
    ...(isTerminal(run) ? [] : [started()]),
    ...run.stages.flatMap((stage) => [
      ...approvalNews(run, stage),
      ...pauseNews(run, stage),
      ...stageNews(stage),
    ]),
    ...endNews(run),
  ];
}

/** What a stage asks people now; undefined when it asks nothing. */
export function questionOf(stage: Stage): string | undefined {
  const pause = openPause(stage);
  if (pause !== undefined) return `pause ${pause.hookId}`;
  const { gate, state, definition } = stage;
  // A gate that has its approvals may still wait for its window and its checks.
  return state.status === "gated" &&
    gate !== undefined &&
    definition.approval !== undefined &&
    !quorum(stage).reached
    ? `gate ${gate.voided.length}`
    : undefined;
}

function started(): News {
  return {
    key: "start",
    type: "run",
    state: "started",
    subjects: ["runs"],
    manner: "plain",
    mark: "started",
    detail: "",
  };
}

function approvalNews(run: Run, stage: Stage): readonly News[] {
  const { gate, definition, state } = stage;
  const rule = definition.approval;
  if (gate === undefined || rule === undefined) return [];
  const round = gate.voided.length;
  const key = `approval ${definition.name}`;
  const of = (how: NewsState, manner: News["manner"], subjects: readonly Subject[]): News => ({
    ...{ key, type: "approval", stage: definition.name, state: how, subjects, manner },
    mark: `${how} ${round}`,
    detail: given(gate.approvals, rule.required),
  });
  if (state.status === "refused" || state.status === "expired")
    return [of(state.status, "loud", ["approvals", "failures"])];
  if (quorum(stage).reached) return [of("approved", "plain", ["approvals"])];
  if (state.status !== "gated" || isTerminal(run)) return [of("closed", "quiet", ["approvals"])];
  const { from, required } = rule;
  const { approvals, expiresAt } = gate;
  const asked = { question: `gate ${round}`, from, required, approvals, expiresAt };
  return [{ ...of("wanted", "loud", ["approvals"]), asked }];
}

/** While ECS waits in the middle of a deployment. */
function pauseNews(run: Run, stage: Stage): readonly News[] {
  const rule = stage.definition.approval;
  if (rule === undefined) return [];
  const pause = openPause(stage);
  const about = {
    key: `pause ${stage.definition.name}`,
    type: "approval",
    stage: stage.definition.name,
  } as const;
  if (pause !== undefined && !isTerminal(run)) {
    const { hookId, approvals, expiresAt, lifecycleStage } = pause;
    const { from, required } = rule;
    const question = `pause ${hookId}`;
    return [
      {
        ...{ ...about, state: "wanted", subjects: ["approvals"], manner: "loud" },
        mark: `wanted ${hookId}`,
        detail: given(approvals, required),
        asked: { question, from, required, approvals, expiresAt, lifecycleStage },
      },
    ];
  }
  const known = deploymentsOf(stage.state).flatMap(({ pauses = [], state }) => [
    ...pauses,
    ...(state.status === "in-progress" && state.pause !== undefined ? [state.pause.hookId] : []),
  ]);
  const last = known.at(-1);
  if (last === undefined) return [];
  const mark = `closed ${last}`;
  return [{ ...about, state: "closed", subjects: ["approvals"], manner: "quiet", mark, detail: "" }];
}

/** `1 of 2: alice`. */
function given(approvals: readonly Approval[], required: number): string {
  const { given: count } = quorumOf(undefined, approvals);
  return `${count} of ${required}: ${approvals.map(({ person }) => person).join(", ")}`;
}

/** What becomes of a release in a stage, once it moves. */
function stageNews({ definition, state }: Stage): readonly News[] {
  const of = (how: NewsState, manner: News["manner"], subjects: readonly Subject[]): readonly News[] => [
    {
      ...{
        key: `stage ${definition.name}`,
        type: "stage",
        stage: definition.name,
        state: how,
        subjects,
        manner,
      },
      mark: how,
      detail: "",
    },
  ];
  switch (state.status) {
    case "deploying":
    case "succeeded":
      return of(state.status, "plain", ["deployments"]);
    case "failed":
    case "rolled-back":
      return of(state.status, "loud", ["deployments", "failures"]);
    default:
      return [];
  }
}

/** How the run ended. A failure that a stage has told of already is one of the run only. */
function endNews(run: Run): readonly News[] {
  const { status } = run.status;
  const of = (state: NewsState, manner: News["manner"], subjects: readonly Subject[]): readonly News[] => [
    { key: "end", type: "run", state, subjects, manner, mark: state, detail: "" },
  ];
  switch (status) {
    case "succeeded":
    case "stopped":
    case "superseded":
      return of(status, "plain", ["runs"]);
    case "failed": {
      const told = run.stages.some(({ state }) => isStageEnd(state) && state.status !== "succeeded");
      return told ? of(status, "plain", ["runs"]) : of(status, "loud", ["runs", "failures"]);
    }
    default:
      return [];
  }
}
