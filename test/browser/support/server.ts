import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Hono } from "hono";
import { z } from "zod";
import { consolePages } from "../../../functions/api/console.ts";
import { bundleConsole } from "../../../infrastructure/console-assets.ts";
import {
  decideOn,
  liftQuarantine,
  moveWeights,
  type Outcome,
  overrideGate,
  releaseHold,
  rollBack,
  stopRun,
} from "./acts.ts";
import { cardOf, inboxOf, meOf } from "./answers.ts";
import { fakeIssuer } from "./issuer.ts";
import { HOUR, iso } from "./views.ts";
import { GROUPS, newWorld, type World } from "./world.ts";

/** The console before a stand-in of the API, and of an issuer. */
export interface FakeServer {
  readonly url: string;
  readonly world: World;
  /** What has been asked of the API: `GET /inbox 304`. */
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

const ROOT = new URL("../../..", import.meta.url).pathname;

export async function startFake(world: World = newWorld()): Promise<FakeServer> {
  const asked: string[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  const app = new Hono();
  app.route("/", fakeIssuer(`${url}/oidc`));
  app.get("/console/sign-in.json", (context) =>
    context.json({ issuer: `${url}/oidc`, clientId: "console", scope: "openid", token: "id_token" }),
  );
  app.route("/console/api", apiOf(world, asked));
  app.route("/", consolePages(await bundleConsole(ROOT), []));
  server.on("request", (request, response) => void answer(app, url, request, response));
  return { url, world, asked, close: () => closed(server) };
}

function apiOf(world: World, asked: string[]): Hono<{ Variables: { person: string } }> {
  const api = new Hono<{ Variables: { person: string } }>();
  api.use(async (context, next) => {
    const person = /^Bearer token-of-(\w+)$/.exec(context.req.header("authorization") ?? "")?.[1];
    if (person === undefined || !Object.hasOwn(GROUPS, person)) {
      asked.push(`${context.req.method} ${context.req.path.slice("/console/api".length)} 401`);
      return context.json({ message: "Unauthorized" }, 401);
    }
    context.set("person", person);
    await next();
    if (context.req.method === "GET" && context.res.status === 200) {
      const etag = `"${createHash("sha256")
        .update(await context.res.clone().text())
        .digest("hex")
        .slice(0, 16)}"`;
      if (context.req.header("if-none-match") === etag) context.res = new Response(null, { status: 304 });
      context.res.headers.set("etag", etag);
    }
    asked.push(
      `${context.req.method} ${context.req.path.slice("/console/api".length)} ${context.res.status}`,
    );
    return undefined;
  });
  const unknown = { error: { code: "not-found", message: "no such address" } };
  const give = (value: unknown) =>
    Response.json(value ?? unknown, { status: value === undefined ? 404 : 200 });
  const done = ({ status, body }: Outcome) => Response.json(body, { status });

  api.get("/me", ({ var: { person } }) => give(meOf(world, person)));
  api.get("/inbox", ({ var: { person } }) => give({ person, items: inboxOf(world, person) }));
  api.get("/pipelines", () => give({ pipelines: world.pipelines }));
  api.get("/clusters", () => give({ clusters: world.clusters }));
  api.get("/audit", ({ req }) =>
    give(
      req.query("cursor") === undefined
        ? { entries: world.audit, cursor: "older" }
        : { entries: world.audit.map((entry) => ({ ...entry, run: "shop-7", comment: "Long ago" })) },
    ),
  );
  api.get("/runs", ({ req }) => give(pageOf(world, req.query())));
  api.get("/runs/:id", ({ req }) => give(world.runs.get(req.param("id"))));
  api.get("/runs/:id/events", ({ req }) => give({ events: world.events.get(req.param("id")) ?? [] }));
  api.get("/runs/:id/details", ({ req }) => give(world.details.get(req.param("id"))));
  api.get("/runs/:id/stages/:stage/card", ({ req, var: { person } }) => {
    const run = world.runs.get(req.param("id"));
    return give(run === undefined ? undefined : cardOf(world, run, req.param("stage"), person));
  });
  api.get("/runs/:id/stages/:stage/rollout", ({ req }) =>
    give(world.rollouts.get(`${req.param("id")}/${req.param("stage")}`)),
  );
  api.get("/pipelines/:pipeline/stages/:stage/history", ({ req }) =>
    give({ ...req.param(), entries: historyOf(world, req.param("pipeline"), req.param("stage")) }),
  );
  api.post("/runs/:id/stages/:stage/approval", async ({ req, var: { person } }) => {
    const decision = await readBody(req);
    return done(decideOn(world, req.param("id"), req.param("stage"), person, decision));
  });
  api.post("/runs/:id/stages/:stage/override", async ({ req, var: { person } }) =>
    done(overrideGate(world, req.param("id"), req.param("stage"), person, (await readBody(req)).reason)),
  );
  api.post("/runs/:id/stop", async ({ req, var: { person } }) =>
    done(stopRun(world, req.param("id"), person, (await readBody(req)).reason)),
  );
  api.post("/pipelines/:pipeline/stages/:stage/release-hold", ({ req, var: { person } }) =>
    done(releaseHold(world, req.param("pipeline"), req.param("stage"), person)),
  );
  api.post("/pipelines/:pipeline/stages/:stage/unquarantine", ({ req, var: { person } }) =>
    done(liftQuarantine(world, req.param("pipeline"), req.param("stage"), person)),
  );
  api.get("/pipelines/:pipeline/stages/:stage/weights", () => give({ services: [WEIGHTS] }));
  api.post("/pipelines/:pipeline/stages/:stage/shift", async ({ req, var: { person } }) =>
    done(moveWeights(person, wishSchema.parse(await req.json()))),
  );
  api.post("/pipelines/:pipeline/stages/:stage/rollback", async ({ req, var: { person } }) =>
    done(rollBack(world, req.param("pipeline"), req.param("stage"), person, (await readBody(req)).to)),
  );
  return api;
}

const WEIGHTS = {
  cluster: "production",
  service: "web",
  capacity: { x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 3 } },
};

/** What the API takes; `id` is another one every time. */
const wishSchema = z
  .strictObject({
    cluster: z.string(),
    service: z.string(),
    to: z.record(z.string(), z.number().int()),
    steps: z.number().int(),
    bakeMinutes: z.number(),
    id: z.string().min(8),
  })
  .transform(({ id: _id, ...wish }) => wish);

const bodySchema = z.object({
  decision: z.string().default(""),
  release: z.string().default(""),
  comment: z.string().optional(),
  reason: z.string().default(""),
  to: z.string().default(""),
});

async function readBody(request: { json(): Promise<unknown> }): Promise<z.infer<typeof bodySchema>> {
  return bodySchema.parse(await request.json());
}

function pageOf(world: World, query: Readonly<Record<string, string>>) {
  const live = [...world.runs.values()].map((run) => ({
    id: run.id,
    pipeline: run.pipeline,
    sequence: run.sequence,
    status: run.status,
    stage: run.stages.find(({ status }) => status === "gated")?.name,
    commit: run.commit,
    ref: run.ref,
    startedAt: run.startedAt,
    updatedAt: run.updatedAt,
  }));
  const all = [...live, ...world.past]
    .filter(
      ({ pipeline, status }) =>
        (query.pipeline ?? pipeline) === pipeline && (query.status ?? status) === status,
    )
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  const from = Number(query.cursor ?? 0);
  const to = from + Number(query.limit ?? 50);
  return { runs: all.slice(from, to), ...(to < all.length ? { cursor: String(to) } : {}) };
}

function historyOf(world: World, pipeline: string, stage: string) {
  const now = world.pipelines
    .find(({ name }) => name === pipeline)
    ?.stages.find(({ name }) => name === stage)?.release;
  if (now === undefined) return [];
  return [now.sequence, now.sequence - 1, now.sequence - 3].map((sequence, index) => ({
    run: `${pipeline}-${sequence}`,
    sequence,
    commit: now.commit,
    ref: now.ref,
    release: now.release,
    outcome: index === 1 ? "refused" : "succeeded",
    ...(index === 1 ? { reason: "bob refused it: the tests of the basket are red" } : {}),
    leftAt: iso(world.now - (index + 1) * 40 * HOUR),
    decisions: world.audit.slice(0, 1),
  }));
}

async function answer(
  app: Hono,
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string") headers.set(name, value);
  const withBody = request.method === "POST";
  const answered = await app.fetch(
    new Request(new URL(request.url ?? "/", url), {
      method: request.method ?? "GET",
      headers,
      ...(withBody ? { body: Buffer.concat(chunks) } : {}),
    }),
  );
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
  });
}
