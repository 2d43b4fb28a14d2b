import { gunzipSync } from "node:zlib";
import { type Context, Hono } from "hono";

/** A file of the console as packaging bundles it (`infrastructure/console-assets.ts`). */
export interface ConsoleFile {
  readonly type: string;
  /** Compressed with gzip, in Base64. */
  readonly gzip: string;
  readonly hash: string;
}

/**
 * Serves the console: its page for every address below `/console/`, and the files that the page names. The files carry their
 * hash in the name and never change; the page is asked for again each time, and mostly answered with `304 Not Modified`.
 * @param files by their name below `/console/`, with `index.html`
 * @param issuers where the page may send requests besides its own origin: the issuer's discovery and token endpoints
 */
export function consolePages(files: Readonly<Record<string, ConsoleFile>>, issuers: readonly string[]): Hono {
  const policy = contentSecurityPolicy(issuers);
  const app = new Hono();
  const page = (context: Context) => {
    const file = files["index.html"];
    if (file === undefined) return context.notFound();
    context.header("content-security-policy", policy);
    context.header("cache-control", "no-cache");
    return serve(context, file);
  };
  app.get("/console", page);
  app.get("/console/*", (context) => {
    const name = context.req.path.slice("/console/".length);
    const file = Object.hasOwn(files, name) && name !== "index.html" ? files[name] : undefined;
    if (file === undefined) {
      // A file of an older version is gone; an address of the page is the page's.
      return /\.[a-z]+$/.test(name) && !name.includes("/")
        ? context.text("no such file", 404)
        : page(context);
    }
    context.header("cache-control", "public, max-age=31536000, immutable");
    return serve(context, file);
  });
  return app;
}

function serve(context: Context, { type, gzip, hash }: ConsoleFile): Response {
  const etag = `"${hash}"`;
  context.header("etag", etag);
  context.header("vary", "accept-encoding");
  context.header("x-content-type-options", "nosniff");
  context.header("referrer-policy", "no-referrer");
  context.header("cross-origin-opener-policy", "same-origin");
  context.header("strict-transport-security", "max-age=63072000");
  // Also weak: a proxy that compresses weakens it.
  const known = (context.req.header("if-none-match") ?? "")
    .split(",")
    .map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return context.body(null, 304);
  context.header("content-type", type);
  const body = Buffer.from(gzip, "base64");
  if (!accepts(context.req.header("accept-encoding"))) return context.body(new Uint8Array(gunzipSync(body)));
  context.header("content-encoding", "gzip");
  return context.body(new Uint8Array(body));
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
function accepts(encodings = ""): boolean {
  return encodings.split(",").some((one) => {
    const [coding = "", weight = ""] = one.trim().toLowerCase().split(";");
    return (coding === "gzip" || coding === "*") && !/^\s*q=0(?:\.0*)?$/.test(weight);
  });
}

/**
 * Nothing inline, nothing from elsewhere, no frames, and no text that becomes HTML.
 * https://www.w3.org/TR/CSP3/
 */
function contentSecurityPolicy(issuers: readonly string[]): string {
  const origins = [...new Set(issuers.map((issuer) => new URL(issuer).origin))];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${["'self'", ...origins].join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}
