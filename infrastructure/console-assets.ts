import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** A file of the console as the HTTP API's function serves it. */
export interface ConsoleAsset {
  /** `Content-Type`. */
  readonly type: string;
  /** The file, compressed with gzip, in Base64. */
  readonly gzip: string;
  /** Of the uncompressed file; also in the names of those that never change. */
  readonly hash: string;
}

/** By the name below `/console/`; `index.html` is the page. */
export type ConsoleAssets = Readonly<Record<string, ConsoleAsset>>;

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  html: "text/html; charset=utf-8",
};

/**
 * Bundles the console: one script, one sheet, one drawing, and the page that names them by their hashes.
 * @param root the folder that holds `console/`
 */
export async function bundleConsole(root: string): Promise<ConsoleAssets> {
  const folder = join(root, "console");
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: { main: "main.tsx", styles: "styles.css" },
    outdir: "out",
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
    logLevel: "error",
  });
  const files: Record<string, Uint8Array> = { "icon.svg": readFileSync(join(folder, "icon.svg")) };
  for (const { path, contents } of outputFiles) files[path.split(/[\\/]/).at(-1) ?? path] = contents;
  let page = readFileSync(join(folder, "index.html"), "utf8");
  const assets: Record<string, ConsoleAsset> = {};
  for (const [name, contents] of Object.entries(files)) {
    const hashed = name.replace(".", `-${hashOf(contents)}.`);
    assets[hashed] = assetOf(name, contents);
    page = page.replace(`"${name}"`, `"/console/${hashed}"`);
  }
  return { ...assets, "index.html": assetOf("index.html", Buffer.from(page)) };
}

function assetOf(name: string, contents: Uint8Array): ConsoleAsset {
  return {
    type: TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
    gzip: gzipSync(contents, { level: 9 }).toString("base64"),
    hash: hashOf(contents),
  };
}

function hashOf(contents: Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex").slice(0, 16);
}
