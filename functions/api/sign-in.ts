import { Hono } from "hono";
import { etag } from "hono/etag";
import type { ApiEnv, ApiServices } from "./context.ts";

/** `GET /console/sign-in.json`: where people sign in, for whoever is not signed in yet. */
export function signInRoutes({ settings }: Pick<ApiServices, "settings">): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.get("/sign-in.json", etag(), (context) => {
    context.header("cache-control", "no-cache");
    return context.json(settings.signIn);
  });
  return app;
}
