import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { COMMIT, type FakeApi, startFakeApi, tandem } from "./support.ts";

let api: FakeApi;
let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "tandem-explain-"));
});
afterEach(async () => {
  await api.close();
  await rm(cwd, { recursive: true, force: true });
});

const delivery = (pipeline: string, outcome: Readonly<Record<string, string>>, trigger = "push") => ({
  pipeline,
  id: `1 ${pipeline}`,
  repository: "octo/shop",
  ref: "refs/heads/main",
  trigger,
  at: "2026-11-21T20:00:00.000Z",
  outcome,
});
const answer = {
  commit: COMMIT,
  deliveries: [
    delivery("shop", { runId: "shop-3" }),
    delivery("docs", { ignored: "no changed file matches the paths docs/**" }),
  ],
};
const explain = async (body: unknown, args: readonly string[] = []) => {
  api = await startFakeApi(() => ({ body }));
  return tandem(["explain", "--commit", COMMIT, ...args], { url: api.url, cwd });
};

test("each pipeline: its run, or why there is none", async () => {
  const { code, out } = await explain(answer);
  expect(code).toBe(0);
  expect(api.seen.map(({ url }) => url)).toEqual([`/api/commits/${COMMIT}`]);
  expect(out).toBe(
    [
      "PIPELINE  RUN     EVENT  REF   WHEN (UTC)           WHY",
      "shop      shop-3  push   main  2026-11-21 20:00:00  accepted",
      "docs      none    push   main  2026-11-21 20:00:00  no changed file matches the paths docs/**",
      "",
    ].join("\n"),
  );
});

test("pipelines of the working directory that no event was handed to are explained by their source", async () => {
  await mkdir(join(cwd, "pipelines"));
  const write = (name: string, source: string) =>
    writeFile(
      join(cwd, "pipelines", `${name}.yml`),
      `name: ${name}
source: ${source}
images: [{ name: ${name} }]
stages:
  - name: staging
    deploy: [{ ecs: { cluster: staging, service: ${name}, containers: { web: ${name} } } }]
`,
    );
  await write("shop", "{ github: { repository: octo/shop } }");
  await write("dev", "{ github: { repository: Octo/Shop, branches: [dev] } }");
  await write("hello", "{ codecommit: { repository: hello } }");
  const lines = (await explain(answer)).out.trimEnd().split("\n");
  expect(lines.slice(3).map((line) => line.replace(/ {2,}/g, "|"))).toEqual([
    "dev|none|its source's branches, tags and events do not take refs/heads/main",
    "hello|none|it follows the repository hello",
  ]);
});

test("control characters from elsewhere are not printed", async () => {
  const { out } = await explain({ ...answer, deliveries: [delivery("a", { ignored: "x\u001b[2Jy" })] });
  expect(out).not.toContain("\u001b");
});

test("--json prints the API's answer", async () => {
  expect(JSON.parse((await explain(answer, ["--json"])).out)).toEqual(answer);
});

test("a commit that nothing is known of: exit 4", async () => {
  const { code, out, err } = await explain({ commit: COMMIT, deliveries: [] });
  expect({ code, out }).toEqual({ code: 4, out: "" });
  expect(err).toMatch(new RegExp(`^tandem: nothing is known of the commit ${COMMIT}: `));
});

test("a run and a commit together are too much", async () => {
  const { code, err } = await explain(answer, ["hello-3"]);
  expect(code).toBe(2);
  expect(err).toMatch(/give either the run hello-3 or --commit/);
  expect(api.seen).toEqual([]);
});
