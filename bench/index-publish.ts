import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import { publishIndex } from "../shared/effects/publish-index.ts";
import { contextOf, fakeAws } from "../test/effects/fakes.ts";
import { ecrOf, push } from "../test/effects/local-ecr.ts";
import { startEcr } from "../test/local/ecr-endpoint.ts";
import { buildSucceeded, definition, runAfter, started } from "../test/pipeline/given.ts";
import { imageOf, reported } from "../test/pipeline/images.ts";
import { machine, quantile } from "./machine.ts";

/**
 * An index of two platforms with one tag, made and pushed by Tandem and by the tools people use otherwise, all against the same
 * local registry: how many requests each sends, and how long it takes.
 */
const { values: options } = parseArgs({ options: { times: { type: "string", default: "20" } } });
const TIMES = Number(options.times);
const WANTED = 5;
const REPOSITORY = "bench/hello";

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "tandem-index-"));
let requests: string[] = [];
const ecr = await startEcr(join(folder, "ecr"), ({ method, url, headers }) => {
  const operation = String(headers["x-amz-target"] ?? "")
    .split(".")
    .at(-1);
  requests.push(operation === "" || operation === undefined ? `${method} ${url}` : operation);
});

type Publish = (tag: string, time: number) => Promise<void>;

interface Row {
  readonly who: string;
  readonly publish: Publish;
  readonly milliseconds: number[];
  /** Those of the last time. */
  requests: readonly string[];
}

const images = [imageOf("linux/amd64"), imageOf("linux/arm64")];
try {
  await ecr.client.send(new CreateRepositoryCommand({ repositoryName: REPOSITORY }));
  await push(ecr.url, REPOSITORY, ...images);
  const all = await contestants();
  const rows = all.flatMap(([who, publish]): Row[] =>
    typeof publish === "string" ? [] : [{ who, publish, milliseconds: [], requests: [] }],
  );
  // In turns, so that other work on the machine hits all of them alike; the first round warms up.
  for (let time = 0; time <= TIMES; time += 1) for (const row of rows) await measure(row, time);
  report(
    rows,
    all.flatMap(([who, publish]) => (typeof publish === "string" ? [`${who}: ${publish}`] : [])),
  );
} finally {
  await ecr.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Publishes under a tag of its own, which must then be there. */
async function measure(row: Row, time: number): Promise<void> {
  const tag = `${row.who.replace(/\W+/g, "-")}-${time}`;
  requests = [];
  const began = performance.now();
  await row.publish(tag, time);
  if (time > 0) row.milliseconds.push(performance.now() - began);
  row.requests = requests;
  requests = [];
  const there = await fetch(`${ecr.url}/v2/${REPOSITORY}/manifests/${tag}`);
  const text = await there.text();
  if (!there.ok || !images.every(({ digest }) => text.includes(digest)))
    throw new Error(`${row.who} did not publish the index: ${there.status} ${text}`);
}

async function contestants(): Promise<readonly (readonly [string, Publish | string])[]> {
  const at = `${ecr.host}/${REPOSITORY}`;
  const children = images.map(({ digest }) => `${at}@${digest}`);
  const home = join(folder, "home");
  await mkdir(home);
  await writeFile(join(home, "config.json"), "{}");
  const env = { ...process.env, HOME: home, DOCKER_CONFIG: home, XDG_RUNTIME_DIR: home };
  const tool = (name: string, ...args: readonly string[]) => run(name, args, { env });
  const store = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  const buildah = (...args: readonly string[]) => tool("buildah", ...store, ...args);
  return [
    ["tandem", ours],
    [
      "docker manifest create && push",
      (await has("docker", "manifest", "--help")) ??
        (async (tag) => {
          await tool("docker", "manifest", "create", "--insecure", `${at}:${tag}`, ...children);
          await tool("docker", "manifest", "push", "--insecure", "--purge", `${at}:${tag}`);
        }),
    ],
    [
      "buildah manifest create, add, add, push",
      (await has("buildah", "--version")) ??
        (async (tag) => {
          await buildah("manifest", "create", tag);
          for (const child of children)
            await buildah("manifest", "add", "--tls-verify=false", tag, `docker://${child}`);
          await buildah("manifest", "push", "--tls-verify=false", tag, `docker://${at}:${tag}`);
        }),
    ],
    [
      "crane index append",
      (await has("crane", "version")) ??
        (async (tag) => {
          const list = children.flatMap((child) => ["-m", child]);
          await tool("crane", "index", "append", "--insecure", ...list, "-t", `${at}:${tag}`);
        }),
    ],
    ["skopeo", "it copies an index, but has no command to make one"],
  ];
}

/** Why a tool cannot be measured; undefined when it can. */
async function has(name: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    await run(name, args);
    return undefined;
  } catch {
    return "it is not installed here";
  }
}

/** As in a function that is warm: the effect itself, through the SDK over HTTP. */
async function ours(tag: string, time: number): Promise<void> {
  const [first] = definition().images;
  if (first === undefined) throw new Error("the definition has an image");
  const image = { ...first, name: REPOSITORY, tags: [tag] };
  const built = (["linux/amd64", "linux/arm64"] as const).flatMap((platform, at) => {
    const pushed = images[at];
    if (pushed === undefined) return [];
    return [{ ...buildSucceeded(platform), image: REPOSITORY, built: reported(pushed, platform) }];
  });
  const commit = String(time).padStart(40, "0");
  const revision = { repository: "hello", ref: "refs/heads/main", commit };
  const of = runAfter(started({ definition: definition({ images: [image] }), revision }), ...built);
  const { aws } = fakeAws({ ecr: ecrOf(ecr.client) });
  const { events } = await publishIndex(contextOf(aws), of, { type: "publish-index", image, lease: 0 });
  if (events[0]?.type !== "index.published") throw new Error(`not published: ${JSON.stringify(events)}`);
}

function report(rows: readonly Row[], missing: readonly string[]): void {
  const own = rows.find(({ who }) => who === "tandem");
  const base = quantile(own?.milliseconds ?? [], 0.5);
  const lines = rows.map(({ who, milliseconds, requests: sent }) => {
    const median = quantile(milliseconds, 0.5);
    const factor = who === "tandem" ? "1" : (median / base).toFixed(1);
    return `| ${who} | ${sent.length} | ${median.toFixed(1)} | ${factor} |`;
  });
  console.log(`| | requests | median ms | times tandem's |
| --- | ---: | ---: | ---: |
${lines.join("\n")}

Tandem's requests: ${own?.requests.join(", ")}. ${TIMES} times each; ${machine()}.`);
  for (const line of missing) console.log(`Not measured: ${line}.`);
  const docker = rows.find(({ who }) => who.startsWith("docker"));
  const fast = docker !== undefined && quantile(docker.milliseconds, 0.5) >= WANTED * base;
  const few = own?.requests.length === 2;
  if (!few) console.error(`tandem should send 2 requests, not ${own?.requests.length}`);
  if (!fast) console.error(`tandem should be ${WANTED} times as fast as docker`);
  process.exitCode = few && fast ? 0 : 1;
}
