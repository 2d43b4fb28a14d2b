import { z } from "zod";
import { isoTime, nodeId } from "../names.ts";
import { appJson } from "../present/app.ts";
import { repositoryUrls } from "../present/repository.ts";
import type { CheckRunRecord } from "../records.ts";
import {
  bodyOf,
  commitNamed,
  created,
  ok,
  type Reply,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textUpTo,
  withId,
} from "./call.ts";
import { paged } from "./paging.ts";

const outputSchema = z.object({
  title: z.string().nullish(),
  summary: textUpTo("summary", 65_535).nullish(),
  text: textUpTo("text", 65_535).nullish(),
  annotations: z.array(z.record(z.string(), z.unknown())).max(50).default([]),
});

const changeSchema = z.object({
  name: z.string().min(1).optional(),
  details_url: z.string().optional(),
  external_id: z.string().optional(),
  status: z.enum(["queued", "in_progress", "completed", "waiting", "requested", "pending"]).optional(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  conclusion: z
    .enum(["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"])
    .optional(),
  output: outputSchema.optional(),
});

const newSchema = changeSchema.extend({ name: z.string().min(1), head_sha: z.string() });

const read = { permission: "checks", level: "read" } as const;
/** A person's token may read check runs, but only an App has some. */
const write = { permission: "checks", level: "write", who: "app" } as const;

/** https://docs.github.com/en/rest/checks/runs */
export const checkRunRoutes: readonly Route[] = [
  repositoryRoute("POST", "/check-runs", write, create),
  repositoryRoute("PATCH", "/check-runs/{id}", write, change),
  repositoryRoute("GET", "/check-runs/{id}", read, async (call) =>
    ok(checkRunJson(call, withId(call.repository.records.data.checkRuns, call.params.id))),
  ),
  repositoryRoute("GET", "/commits/{ref+}/check-runs", read, list),
];

async function create(call: RepositoryCall): Promise<Reply> {
  const { repository, github } = call;
  const wanted = bodyOf(call, newSchema, "CheckRun");
  const sha = await commitNamed(call, wanted.head_sha);
  const run: CheckRunRecord = {
    id: repository.records.newId(),
    sha,
    name: wanted.name,
    status: "queued",
    conclusion: null,
    detailsUrl: null,
    externalId: "",
    startedAt: isoTime(github.now()),
    completedAt: null,
    output: { title: null, summary: null, text: null, annotations: 0 },
  };
  repository.records.data.checkRuns.push(run);
  return created(await apply(call, run, wanted));
}

async function change(call: RepositoryCall): Promise<Reply> {
  const run = withId(call.repository.records.data.checkRuns, call.params.id);
  return ok(await apply(call, run, bodyOf(call, changeSchema, "CheckRun")));
}

/** A conclusion completes a run; a run that is completed no more has none. */
async function apply(call: RepositoryCall, run: CheckRunRecord, wanted: z.output<typeof changeSchema>) {
  const { output, conclusion } = wanted;
  run.name = wanted.name ?? run.name;
  run.detailsUrl = wanted.details_url ?? run.detailsUrl;
  run.externalId = wanted.external_id ?? run.externalId;
  run.startedAt = wanted.started_at ?? run.startedAt;
  run.status = conclusion === undefined ? (wanted.status ?? run.status) : "completed";
  if (run.status === "completed") {
    run.conclusion = conclusion ?? run.conclusion ?? "neutral";
    run.completedAt = wanted.completed_at ?? run.completedAt ?? isoTime(call.github.now());
  } else Object.assign(run, { conclusion: null, completedAt: null });
  if (output !== undefined) {
    run.output = {
      title: output.title ?? run.output.title,
      summary: output.summary ?? run.output.summary,
      text: output.text ?? run.output.text,
      annotations: run.output.annotations + output.annotations.length,
    };
  }
  await call.repository.records.save();
  return checkRunJson(call, run);
}

async function list(call: RepositoryCall): Promise<Reply> {
  const { repository, url, params } = call;
  const sha = await commitNamed(call, params.ref ?? "");
  const wanted = { name: url.searchParams.get("check_name"), status: url.searchParams.get("status") };
  const all = repository.records.data.checkRuns
    .filter((run) => run.sha === sha)
    .filter((run) => wanted.name === null || run.name === wanted.name)
    .filter((run) => wanted.status === null || run.status === wanted.status)
    .reverse();
  const isLatest = (run: CheckRunRecord): boolean => all.find(({ name }) => name === run.name) === run;
  const shown = url.searchParams.get("filter") === "all" ? all : all.filter(isLatest);
  const { items, headers } = paged(call, shown);
  const json = { total_count: shown.length, check_runs: items.map((run) => checkRunJson(call, run)) };
  return { status: 200, json, headers };
}

function checkRunJson({ github, repository }: RepositoryCall, run: CheckRunRecord) {
  const { api, html } = repositoryUrls(github, repository);
  const url = `${api}/check-runs/${run.id}`;
  const page = `${html}/runs/${run.id}`;
  const { annotations, ...output } = run.output;
  return {
    id: run.id,
    head_sha: run.sha,
    node_id: nodeId("CR", run.id),
    external_id: run.externalId,
    url,
    html_url: page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: { ...output, annotations_count: annotations, annotations_url: `${url}/annotations` },
    name: run.name,
    check_suite: { id: repository.id },
    app: appJson(github),
    pull_requests: repository.records.data.pulls
      .filter(({ headSha, state }) => headSha === run.sha && state === "open")
      .map(({ id, number }) => ({ id, number, url: `${api}/pulls/${number}` })),
  };
}
