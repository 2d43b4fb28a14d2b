import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { tandem } from "./support.ts";

const COMMANDS = [
  ["local", "up"],
  ["local", "seed"],
  ["local", "redeliver"],
  ["validate"],
  ["doctor"],
  ["start"],
  ["runs"],
  ["show"],
  ["watch"],
  ["explain"],
  ["approve"],
  ["refuse"],
  ["release-hold"],
  ["demo"],
];

describe("usage", () => {
  test.each(COMMANDS)("%s %s has help with an example and its exit codes", async (...words) => {
    const command = words.filter((word): word is string => word !== undefined);
    const { code, out } = await tandem([...command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: tandem ${command.join(" ")} `));
    expect(out).toMatch(new RegExp(`Examples?:\n  \\$ (npx )?tandem ${command.join(" ")}`));
    expect(out).toMatch(/Exit codes:\n {2}0 {2}/);
  });

  test("the help lists every command", async () => {
    const { out } = await tandem(["--help"]);
    for (const [name] of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  test("no command: the help, as an error", async () => {
    const { code, out, err } = await tandem([]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^Usage: tandem/);
  });

  test("an unknown command suggests the nearest", async () => {
    const { code, err } = await tandem(["aprove", "hello-3", "production"]);
    expect(code).toBe(2);
    expect(err).toMatch(/^tandem: unknown command 'aprove'\n\(Did you mean approve\?\)/);
  });

  test("an unknown option suggests the nearest", async () => {
    const { code, err } = await tandem(["runs", "--limt", "3"]);
    expect(code).toBe(2);
    expect(err).toMatch(/unknown option '--limt'\n\(Did you mean --limit\?\)/);
  });

  test.each([
    [["local", "up", "--port", "99999"], /from 0 to 65535/],
    [["local", "up", "--engine", "lxc"], /Allowed choices are auto, docker, podman, none/],
    [["approve", "hello-3"], /missing required argument 'stage'/],
    [["show", "a", "b"], /too many arguments/],
  ])("%j", async (args, message) => {
    const { code, err } = await tandem(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

test("the installed command runs from source, and says nothing that is not its own", async () => {
  const bin = join(process.cwd(), "bin", "tandem.mjs");
  const ran = await new Promise<{ code: unknown; out: string; err: string }>((resolve) =>
    execFile(process.execPath, [bin, "validate"], (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    ),
  );
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out).toMatch(/without faults/);
});
