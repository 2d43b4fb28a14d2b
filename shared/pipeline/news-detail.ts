import type { Message } from "./messages-due.ts";
import type { News } from "./news.ts";
import { newsText } from "./news-text.ts";
import type { Run } from "./run.ts";

/** The `source` of Tandem's events on EventBridge. */
export const EVENT_SOURCE = "tandem";

/** The events' `detail-type`s. */
export const DETAIL_TYPES: Readonly<Record<News["type"], string>> = {
  run: "Tandem Run State Change",
  stage: "Tandem Stage State Change",
  approval: "Tandem Approval State Change",
};

/** The `detail` of an event; `docs/events.schema.json` says the same to other programs. */
export interface NewsDetail {
  /** Another number means that readers have to change. */
  readonly version: 1;
  /** The same for an event that is sent twice. */
  readonly id: string;
  readonly pipeline: string;
  readonly run: string;
  readonly sequence: number;
  readonly stage?: string;
  readonly state: News["state"];
  /** In words, for people. */
  readonly summary: string;
  readonly trigger: string;
  readonly source: { readonly repository: string; readonly ref: string; readonly commit: string };
  /** The published image indexes; none until they are. */
  readonly release: readonly { readonly image: string; readonly uri: string; readonly digest: string }[];
  readonly approval?: ApprovalDetail;
  /** The run in the console. */
  readonly link: string;
}

export interface ApprovalDetail {
  readonly from: readonly string[];
  readonly required: number;
  readonly approvedBy: readonly string[];
  /** ISO 8601; only while it is asked for. */
  readonly expiresAt?: string;
  /** Where ECS waits in the middle of a deployment. */
  readonly lifecycleStage?: string;
}

export function newsDetail(run: Run, news: News, link: string): NewsDetail {
  const { title, lines } = newsText(run, news);
  const { repository, ref, commit } = run.revision;
  const approval = approvalDetail(run, news);
  return {
    version: 1,
    id: messageIdOf(run, news),
    pipeline: run.definition.name,
    run: run.id,
    sequence: run.sequence,
    ...(news.stage === undefined ? {} : { stage: news.stage }),
    state: news.state,
    summary: [title, ...lines].join("\n"),
    trigger: run.trigger.type,
    source: { repository, ref, commit },
    release: run.images.flatMap(({ definition, state }) =>
      state.status === "published"
        ? [{ image: definition.name, uri: `${state.repositoryUri}@${state.digest}`, digest: state.digest }]
        : [],
    ),
    ...(approval === undefined ? {} : { approval }),
    link,
  };
}

/** What tells a message from all others; one that is sent twice has the same. */
export function messageIdOf(
  run: Run,
  { key, mark, detail }: Pick<Message, "key" | "mark" | "detail">,
): string {
  return [run.id, key, mark, detail].filter((part) => part !== "").join("/");
}

function approvalDetail(run: Run, { type, stage: name, asked }: News): ApprovalDetail | undefined {
  const stage = run.stages.find(({ definition }) => definition.name === name);
  const rule = stage?.definition.approval;
  if (type !== "approval" || rule === undefined) return undefined;
  const { from, required } = rule;
  const approvals = asked?.approvals ?? stage?.gate?.approvals ?? [];
  return {
    from,
    required,
    approvedBy: approvals.map(({ person }) => person),
    ...(asked === undefined ? {} : { expiresAt: new Date(asked.expiresAt).toISOString() }),
    ...(asked?.lifecycleStage === undefined ? {} : { lifecycleStage: asked.lifecycleStage }),
  };
}
