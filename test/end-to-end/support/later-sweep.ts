import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { AwsClients } from "./clients.ts";
import { cleanEnvironment, PROJECT } from "./local-up.ts";

/** Loaded before the bundle: the process's clock is ahead. */
const aheadBy = (milliseconds: number) =>
  `const now = Date.now; Date.now = () => now() + ${milliseconds};
   globalThis.Date = class extends Date { constructor(...given) { super(...(given.length === 0 ? [Date.now()] : given)); } };`;

/**
 * Runs the packaged sweep as it would run so much later: the very bundle, with the environment of the deployed function, in a
 * process whose clock is ahead. What waits for a silence of so many seconds need not be waited for.
 * @param project the checkout it was packaged in
 * @throws Error when it fails, with what it printed
 */
export async function sweepLater(
  aws: AwsClients,
  endpoint: string,
  milliseconds: number,
  project = PROJECT,
): Promise<void> {
  const { Functions = [] } = await aws.lambda.listFunctions({});
  const sweep = Functions.find(({ FunctionName }) => FunctionName?.endsWith("-sweep"));
  if (sweep === undefined) throw new Error("the stack has no function that sweeps");
  const [file = "", name = ""] = sweep.Handler?.split(/\.(?=[^.]*$)/) ?? [];
  const folder = await mkdtemp(join(tmpdir(), "e2e-sweep-"));
  try {
    const bundle = unzipSync(await readFile(join(project, ".serverless", "sweep.zip")))[`${file}.mjs`];
    if (bundle === undefined) throw new Error(`sweep.zip holds no ${file}.mjs`);
    await writeFile(join(folder, "clock.mjs"), aheadBy(milliseconds));
    await writeFile(join(folder, "bundle.mjs"), bundle);
    await writeFile(join(folder, "run.mjs"), `import { ${name} } from "./bundle.mjs"; await ${name}();`);
    await run(folder, { ...sweep.Environment?.Variables, AWS_ENDPOINT_URL: endpoint });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(folder: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const keys = { AWS_ACCESS_KEY_ID: "sweep", AWS_SECRET_ACCESS_KEY: "sweep" };
  const child = spawn(process.execPath, ["--import", "./clock.mjs", "run.mjs"], {
    cwd: folder,
    env: { ...cleanEnvironment(), ...keys, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said += String(chunk);
    });
  await once(child, "close");
  // What one run could not do is logged, not thrown.
  if (child.exitCode !== 0 || said.includes('"level":"ERROR"')) throw new Error(`the sweep failed: ${said}`);
}
