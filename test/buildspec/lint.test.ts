import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import { BUILD_VARIABLES, EXPORTED_VARIABLES } from "../../shared/pipeline/build-report.ts";
import { commandsOf, readBuildspec, scriptOf } from "./buildspec.ts";

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
const shellcheckTest = hasShellcheck ? test : test.skip;

function shellcheck(script: string): string {
  const args = [
    "--shell=bash",
    "--severity=style",
    "--enable=quote-safe-variables,require-variable-braces",
    "--exclude=SC2250",
    "-",
  ];
  return spawnSync("shellcheck", args, { input: script, encoding: "utf8" }).stdout;
}

describe("buildspecs/build-image.yml", () => {
  shellcheckTest("shellcheck has nothing to say of the script", async () => {
    expect(shellcheck(scriptOf(await readBuildspec()))).toBe("");
  });

  shellcheckTest("nor of the commands", async () => {
    expect(shellcheck(commandsOf(await readBuildspec()).join("\n"))).toBe("");
  });

  test("every command is bash", async () => {
    for (const command of commandsOf(await readBuildspec()))
      expect(() => execFileSync("bash", ["-n"], { input: command, stdio: "pipe" })).not.toThrow();
  });

  test("exports what the pipeline reads", async () => {
    const buildspec = await readBuildspec();
    expect(buildspec.env["exported-variables"]).toEqual(Object.values(EXPORTED_VARIABLES));
    expect(commandsOf(buildspec).at(-1)).toBe(`export ${Object.values(EXPORTED_VARIABLES).join(" ")}`);
  });

  test("reads no variable of Tandem's that it has not validated", async () => {
    const script = scriptOf(await readBuildspec());
    const validated = [...script.matchAll(/^(?:valid|path) (TANDEM_\w+)/gm)].map(([, name]) => name);
    const read = new Set([...script.matchAll(/\$\{?(TANDEM_\w+)/g)].map(([, name]) => name));
    expect([...read].filter((name) => !validated.includes(name))).toEqual([]);
    const given: readonly string[] = [...Object.values(BUILD_VARIABLES), "TANDEM_BUILDKIT_IMAGE"];
    expect(validated.filter((name) => name === undefined || !given.includes(name))).toEqual([]);
  });

  test("a failed build does not go on to read back what was not pushed", async () => {
    expect((await readBuildspec()).phases.build["on-failure"]).toBe("ABORT");
  });

  test("is small enough to be sent with every StartBuild", async () => {
    expect(JSON.stringify(await readBuildspec()).length).toBeLessThan(8 * 1024);
  });
});
