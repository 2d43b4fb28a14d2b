import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { Hono } from "hono";
import { consolePages } from "../../functions/api/console.ts";
import { bundleConsole, type ConsoleAssets } from "../../infrastructure/console-assets.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** What the first page may cost to load, of script, compressed. */
const BUDGET = 60 * 1024;

describe("the console as it is served", () => {
  let assets: ConsoleAssets;
  let app: Hono;
  beforeAll(async () => {
    assets = await bundleConsole(ROOT);
    app = consolePages(assets, ["https://issuer.example.com/pool", "https://issuer.example.com/login"]);
  });
  const ask = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });
  const named = (end: string) => Object.keys(assets).find((name) => name.endsWith(end)) ?? "";
  const textOf = async (response: Response) =>
    gunzipSync(Buffer.from(await response.arrayBuffer())).toString("utf8");

  test("the first load has at most 60 KB of script", () => {
    const sizes = Object.entries(assets)
      .filter(([name]) => name.endsWith(".js"))
      .map(([, { gzip }]) => Buffer.from(gzip, "base64").length);
    process.stdout.write(`the console's script has ${sizes.join(" + ")} bytes, compressed\n`);
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(BUDGET);
  });

  test("packaging twice gives the same bytes", async () => {
    await expect(bundleConsole(ROOT)).resolves.toEqual(assets);
  });

  test.each([
    "/console",
    "/console/",
    "/console/inbox",
    "/console/runs/shop-43",
    "/console/callback?code=x&state=y",
  ])("%s is the page, under a strict policy", async (path) => {
    const response = await ask(path, { "accept-encoding": "gzip, br" });
    expect(response.status).toBe(200);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-encoding": "gzip",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    const policy = headers["content-security-policy"] ?? "";
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self' https://issuer.example.com",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy).not.toContain("unsafe");
  });

  test("the page has nothing inline and names nothing elsewhere", async () => {
    const page = await textOf(await ask("/console/", { "accept-encoding": "gzip" }));
    expect(page).not.toMatch(/<style|style=|\son\w+=|https?:|<script(?![^>]*\bsrc="\/console\/)/);
    for (const end of [".js", ".css", ".svg"]) expect(page).toContain(`"/console/${named(end)}"`);
    const scripts = await textOf(await ask(`/console/${named(".js")}`, { "accept-encoding": "gzip" }));
    expect(scripts).not.toMatch(/\beval\(|new Function|https?:\/\/(?!www\.w3\.org\/)/);
  });

  test("a file with its hash in its name is kept for ever, and asked for again is not sent again", async () => {
    const path = `/console/${named(".js")}`;
    const first = await ask(path, { "accept-encoding": "gzip" });
    expect(first.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const etag = first.headers.get("etag") ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await ask(path, { "if-none-match": known });
      expect([again.status, await again.text()]).toEqual([304, ""]);
    }
  });

  test("who takes no gzip gets the file as it is", async () => {
    const path = `/console/${named(".css")}`;
    const zipped = await textOf(await ask(path, { "accept-encoding": "br;q=1, gzip;q=0.5" }));
    for (const encodings of ["", "br", "gzip;q=0", "identity"]) {
      const response = await ask(path, { "accept-encoding": encodings });
      expect(response.headers.get("content-encoding")).toBeNull();
      expect(await response.text()).toBe(zipped);
    }
  });

  test("a file of another version is not the page", async () => {
    expect((await ask("/console/main-0123456789abcdef.js")).status).toBe(404);
    expect((await ask("/console/__proto__")).headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  test("nothing is changed by asking", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      expect((await app.request("/console/", { method })).status).toBe(404);
    }
  });
});
