import { Hono } from "hono";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { BadCursorError } from "../../shared/store/stream-store.ts";
import { log } from "../log.ts";
import { auditRoutes } from "./audit.ts";
import { callerOf } from "./caller.ts";
import { type ConsoleFile, consolePages } from "./console.ts";
import { type ApiEnv, type ApiServices, eventOf, refuse } from "./context.ts";
import { decisionRoutes } from "./decisions.ts";
import { groupRoutes } from "./groups.ts";
import { imageRoutes } from "./images.ts";
import { lookRoutes } from "./looks.ts";
import { meRoutes } from "./me.ts";
import { moveRoutes } from "./moves.ts";
import { operateRoutes } from "./operate.ts";
import { mayRead } from "./permission.ts";
import { pipelineRoutes } from "./pipelines.ts";
import { runRoutes } from "./runs.ts";
import { signInRoutes } from "./sign-in.ts";

/**
 * The HTTP API: once below `/api` for whoever signs with IAM, once below `/console/api` for whoever brings a token. Which is
 * which is API Gateway's affair, as a route has one authorizer; what comes through is the same.
 */
export function createApp(
  services: ApiServices,
  consoleFiles: Readonly<Record<string, ConsoleFile>>,
): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  const api = apiRoutes(services);
  app.route("/console", signInRoutes(services));
  app.route("/console/api", api);
  app.route("/api", api);
  app.route("/", consolePages(consoleFiles, services.settings.signInOrigins));
  app.notFound(() => noSuchAddress());
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof BadCursorError)
      return context.json({ error: { code: "bad-cursor", message: error.message } }, 400);
    log.error("the request failed", { path: context.req.path, error: String(error) });
    const message = "Tandem could not answer; try again, and look at the function's log if it stays so";
    return context.json({ error: { code: "internal", message } }, 500);
  });
  return app;
}

function apiRoutes(services: ApiServices): Hono<ApiEnv> {
  const { rules, access } = services.settings;
  const api = new Hono<ApiEnv>();
  api.use("*", async (context, next) => {
    const caller = callerOf(eventOf(context), rules);
    if ("refused" in caller) return refuse(403, "not-a-person", caller.refused);
    if (!mayRead(access, caller))
      refuse(403, "not-a-reader", `only members of ${access.readers.join(", ")} may read`);
    context.set("caller", caller);
    // What one person may see is for no cache in between; an ETag saves the body all the same.
    context.header("cache-control", "private, no-cache");
    return next();
  });
  api.use("*", etag());
  for (const routes of ROUTES) api.route("/", routes(services));
  // What is no address of the API is none of the console's pages either.
  api.all("*", () => noSuchAddress());
  return api;
}

const ROUTES = [
  runRoutes,
  pipelineRoutes,
  meRoutes,
  auditRoutes,
  groupRoutes,
  decisionRoutes,
  operateRoutes,
  moveRoutes,
  lookRoutes,
  imageRoutes,
];

const noSuchAddress = (): never => refuse(404, "not-found", "no such address");
