import { describe, expect, test } from "@jest/globals";
import { importGraph, repositorySources } from "./imports/graph.ts";
import { cycles, FOLDERS, forbidden } from "./imports/rules.ts";

describe("who imports whom in this repository", () => {
  const graph = importGraph(repositorySources(FOLDERS));

  test("every source file has been read", () => {
    expect(graph.files).toEqual(expect.arrayContaining(["shared/pipeline/plan.ts", "test/imports.test.ts"]));
    const missing = graph.imports.filter(({ to }) => /\.tsx?$/.test(to) && !graph.files.includes(to));
    expect(missing.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("nothing is imported that the architecture does not allow", () => {
    expect(forbidden(graph)).toEqual([]);
  });

  test("there are no cycles, of types neither", () => {
    expect(cycles(graph)).toEqual([]);
  });

  test("there are no files that only re-export", () => {
    expect(graph.barrels).toEqual([]);
  });
});

describe("a forbidden import is found, with the path to it", () => {
  const found = (sources: Readonly<Record<string, string>>) => forbidden(importGraph(sources));

  test.each([
    ["a value", 'import { readFileSync } from "node:fs";', "node:fs"],
    ["for its effects", 'import "node:fs";', "node:fs"],
    ["a type", 'import type { Stats } from "node:fs";', "node:fs"],
    ["a type in a type", 'export type S = import("node:fs").Stats;', "node:fs"],
    ["a re-export", 'export { z } from "zod";', "npm:zod"],
    ["a re-export of all", 'export * from "../store/stream-store.ts";', "shared/store/stream-store.ts"],
    ["while running", 'export const load = () => import("@aws-sdk/client-ecs");', "npm:@aws-sdk/client-ecs"],
  ])("%s", (_what, text, to) => {
    expect(found({ "shared/pipeline/plan.ts": text })).toEqual([`shared/pipeline/plan.ts → ${to}`]);
  });

  test("the path begins where nothing imports", () => {
    expect(
      found({
        "functions/sweep.ts": 'import { sweep } from "../shared/sweep.ts";',
        "shared/sweep.ts": 'export { plan as sweep } from "./pipeline/plan.ts";',
        "shared/pipeline/plan.ts": 'import { hash } from "node:crypto"; export const plan = hash;',
      }),
    ).toEqual(["functions/sweep.ts → shared/sweep.ts → shared/pipeline/plan.ts → node:crypto"]);
  });

  test.each([
    ["a function from another", "functions/sweep.ts", "./http-api.ts", "functions/http-api.ts"],
    [
      "the emulator from our types",
      "local/ecr/put-image.ts",
      "../../shared/pipeline/image-index.ts",
      "shared/pipeline/image-index.ts",
    ],
    ["the core from a store", "shared/advance.ts", "./store/memory-store.ts", "shared/store/memory-store.ts"],
    [
      "the command from the core's values",
      "cli/show.ts",
      "../shared/pipeline/plan.ts",
      "shared/pipeline/plan.ts",
    ],
    ["the command from the emulator, at once", "cli/main.ts", "../local/main.ts", "local/main.ts"],
    ["anything from a test", "scripts/seed.ts", "../test/pipeline/given.ts", "test/pipeline/given.ts"],
    ["anything from a benchmark", "demo/main.ts", "../bench/time.ts", "bench/time.ts"],
    [
      "a folder that has no rule",
      "website/main.ts",
      "../shared/pipeline/messages.ts",
      "shared/pipeline/messages.ts",
    ],
  ])("%s", (_what, from, specifier, to) => {
    expect(found({ [from]: `import { x } from "${specifier}"; x();` })).toEqual([`${from} → ${to}`]);
  });

  test.each([
    ["a type of the store", "shared/advance.ts", 'import type { Store } from "./store/stream-store.ts";'],
    [
      "single types of the store",
      "shared/advance.ts",
      'import { type Store } from "./store/stream-store.ts";',
    ],
    ["the emulator, when it is asked for", "cli/main.ts", 'await import("../local/main.ts");'],
    ["texts", "cli/show.ts", 'import { sentence } from "../shared/pipeline/messages.ts"; sentence;'],
    ["what packaging hands in", "functions/runtime.ts", 'import b from "tandem:buildspec"; b;'],
  ])("while this is allowed: %s", (_what, from, text) => {
    expect(found({ [from]: text })).toEqual([]);
  });

  test("a cycle is found, also one of types", () => {
    const graph = importGraph({
      "local/a.ts": 'import type { B } from "./b.ts"; export type A = B;',
      "local/b.ts": 'export { c } from "./c.ts"; export type B = 1;',
      "local/c.ts": 'import type { A } from "./a.ts"; export const c: A = 1;',
    });
    expect(cycles(graph)).toEqual(["local/a.ts → local/b.ts → local/c.ts → local/a.ts"]);
  });

  test("a barrel is found", () => {
    const graph = importGraph({ "shared/index.ts": 'export * from "./a.ts";\nexport { b } from "./b.ts";' });
    expect(graph.barrels).toEqual(["shared/index.ts"]);
  });
});
