import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { tandem } from "./support.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "tandem-validate-"));
  await mkdir(join(cwd, "pipelines"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const good = (name: string) => `name: ${name}
source: { codecommit: { repository: ${name} } }
images: [{ name: ${name} }]
stages:
  - name: staging
    deploy: [{ ecs: { cluster: staging, service: web, containers: { web: ${name} } } }]
`;
const write = (name: string, text: string) => writeFile(join(cwd, "pipelines", name), text);

describe("validate", () => {
  test("this repository's own pipelines are without faults", async () => {
    const { code, out, err } = await tandem(["validate"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^\d+ pipelines? without faults: .*hello/);
  });

  test("every fault of every file at once, each with file, line, path and the nearest key", async () => {
    await write("a.yml", good("app-a").replace("images:", "imagez:"));
    await write("b.yaml", `${good("app-b")}  - name: staging\n    deploy: []\n    aproval: {}\n`);
    await write("c.yml", good("app-c"));
    const { code, out, err } = await tandem(["validate"], { cwd });
    expect(code).toBe(1);
    const lines = out.trimEnd().split("\n");
    expect(lines).toContainEqual('pipelines/a.yml:3 imagez: unknown key; did you mean "images"?');
    expect(lines).toContainEqual(expect.stringMatching(/^pipelines\/a\.yml:1 images: is missing/));
    expect(lines).toContainEqual(
      'pipelines/b.yaml:9 stages[1].aproval: unknown key; did you mean "approval"?',
    );
    expect(lines.filter((line) => line.startsWith("pipelines/c.yml"))).toEqual([]);
    expect(err).toBe(`${lines.length} faults in 3 files\n`);
  });

  test("a group that is not the one that is listed; one that is listed nowhere may be the issuer's", async () => {
    const asks = (group: string) =>
      good("app-a").replace("    deploy:", `    approval: { from: [${group}] }\n    deploy:`);
    await write("a.yml", `${asks("release-manager")}groups: { release-managers: [alice] }\n`);
    const { code, out } = await tandem(["validate"], { cwd });
    expect({ code, out }).toEqual({
      code: 1,
      out: 'pipelines/a.yml:6 stages[0].approval.from[0]: there is no group "release-manager"; did you mean "release-managers"?\n',
    });
    await write("a.yml", asks("captains"));
    expect((await tandem(["validate"], { cwd })).code).toBe(0);
  });

  test("--json", async () => {
    await write("a.yml", good("app-a").replace("cluster: staging", "cluster: staging, hurry: true"));
    const { code, out } = await tandem(["validate", "--json"], { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      files: ["pipelines/a.yml"],
      pipelines: [],
      faults: [{ file: "pipelines/a.yml", line: 6, path: "stages[0].deploy[0].ecs.hurry" }],
    });
  });

  test("files can be named, and what is not YAML is said with its line", async () => {
    await write("a.yml", "name: [\n");
    await write("b.yml", good("app-b"));
    expect((await tandem(["validate", "pipelines/b.yml"], { cwd })).code).toBe(0);
    const { code, out } = await tandem(["validate", "pipelines/a.yml"], { cwd });
    expect(code).toBe(1);
    expect(out).toMatch(/^pipelines\/a\.yml:\d/);
  });

  test("no definitions: a failure with the remedy", async () => {
    expect(await tandem(["validate"], { cwd })).toEqual({
      code: 1,
      out: "",
      err: "tandem: pipelines holds no pipeline definitions (*.yml): run it in the project's folder, or name the files\n",
    });
    expect((await tandem(["validate", "nix.yml"], { cwd })).err).toMatch(/there is no nix\.yml/);
  });
});
