import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { machine, quantile } from "./machine.ts";
import { packageFunction } from "./project.ts";

/**
 * How long the webhook's packaged bundle takes to load, beside a handler that only echoes and is bundled the same way. Each
 * load is a fresh process; the two take turns, so that the machine's moods hit both.
 */
const ROUNDS = 15;

const ECHO = `export const handler = async (event) => ({ statusCode: 202, body: JSON.stringify(event) });`;

/** Says how long the import took, and how long it is since the process began. */
const LOADER = `
const before = performance.now();
const { handler } = await import(process.argv[2]);
const now = performance.now();
if (typeof handler !== "function") throw new Error("the bundle exports no handler");
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ load: now - before, process: now, cpu: (user + system) / 1000 }));
`;

/** What Lambda and the stack give the function; nothing is called while it loads. */
const ENVIRONMENT = {
  PATH: process.env.PATH ?? "",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  TABLE: "bench",
  GITHUB_API_URL: "http://127.0.0.1:9",
  GITHUB_SECRET: "bench",
  OPEN_RUN_FUNCTION: "bench",
};

interface Load {
  /** Milliseconds of the import. */
  readonly load: number;
  /** Milliseconds from the start of the process to the handler. */
  readonly process: number;
  /** Milliseconds of processor time until then: what a busy machine does not blur. */
  readonly cpu: number;
}

const folder = await mkdtemp(join(tmpdir(), "tandem-load-"));
try {
  const bundles = [
    { name: "echo handler", file: join(folder, "echo.mjs"), bytes: await bundleEcho() },
    {
      name: "GitHub webhook",
      file: join(folder, "webhook.mjs"),
      bytes: await packageFunction("onGithubWebhook", "functions/on-github-webhook.mjs"),
    },
  ].map((bundle) => ({ ...bundle, loads: [] as Load[] }));
  const loader = join(folder, "loader.mjs");
  await writeFile(loader, LOADER);
  for (const { file, bytes } of bundles) await writeFile(file, bytes);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { file, loads } of bundles) loads.push(await load(loader, file));
  }

  const rows = bundles.map(({ name, bytes, loads }) => {
    const median = (of: keyof Load) =>
      quantile(
        loads.map((one) => one[of]),
        0.5,
      );
    return {
      name,
      bytes: bytes.length,
      load: median("load"),
      process: median("process"),
      cpu: median("cpu"),
    };
  });
  const echo = rows[0]?.process ?? Number.NaN;
  console.log(`Medians in ms.

| bundle | bytes | import | process start to handler | ratio to echo | processor time |
| --- | ---: | ---: | ---: | ---: | ---: |`);
  for (const { name, bytes, load: loaded, process: whole, cpu } of rows) {
    const cells = [
      name,
      bytes,
      loaded.toFixed(1),
      whole.toFixed(1),
      (whole / echo).toFixed(2),
      cpu.toFixed(1),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  console.log(`\n${ROUNDS} fresh processes each, in turns; ${machine()}.`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Bundled with the options of serverless.yml. */
async function bundleEcho(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: ECHO },
    bundle: true,
    minify: true,
    keepNames: true,
    format: "esm",
    platform: "node",
    target: "node24",
    banner: {
      js: `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`,
    },
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error("esbuild wrote nothing");
  return output.contents;
}

async function load(loader: string, file: string): Promise<Load> {
  const { stdout } = await promisify(execFile)(process.execPath, [loader, file], { env: ENVIRONMENT });
  const measured: Load = JSON.parse(stdout);
  return measured;
}
