import { createHash } from "node:crypto";
import { Hono } from "hono";
import { GROUPS } from "./world.ts";

interface Granted {
  readonly person: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** An issuer that asks nobody for a password, but holds a client to PKCE. */
export function fakeIssuer(issuer: string): Hono {
  const codes = new Map<string, Granted>();
  const app = new Hono().basePath("/oidc");
  app.get("/.well-known/openid-configuration", (context) =>
    context.json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      end_session_endpoint: `${issuer}/end`,
    }),
  );
  app.get("/authorize", (context) => {
    const query = context.req.query();
    const as = context.req.query("as");
    if (as === undefined) {
      const links = Object.keys(GROUPS).map((person) =>
        `<li><a href="?${new URLSearchParams({ ...query, as: person })}">${person}</a>`.replaceAll(
          "&",
          "&amp;",
        ),
      );
      return context.html(`<!doctype html><title>Who are you?</title><ul>${links.join("")}</ul>`);
    }
    const code = `code-${codes.size}`;
    const redirectUri = query.redirect_uri ?? "";
    codes.set(code, { person: as, challenge: query.code_challenge ?? "", redirectUri });
    return context.redirect(`${redirectUri}?${new URLSearchParams({ code, state: query.state ?? "" })}`);
  });
  app.post("/token", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const fault = { error: "invalid_grant", error_description: "the code or the verifier is not right" };
    const renewed = /^refresh-of-(\w+)$/.exec(form.get("refresh_token") ?? "")?.[1];
    const granted = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const verifier = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const matches = granted?.challenge === verifier && granted.redirectUri === form.get("redirect_uri");
    const person = renewed ?? (matches ? granted.person : undefined);
    if (person === undefined) return context.json(fault, 400);
    const token = `token-of-${person}`;
    return context.json({
      id_token: token,
      access_token: "of no use here",
      expires_in: 3600,
      refresh_token: `refresh-of-${person}`,
    });
  });
  app.get("/end", (context) => context.redirect(context.req.query("post_logout_redirect_uri") ?? "/"));
  return app;
}
