import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { tandem } from "./support.ts";

/** Every command that the program's own help lists, with those of a command: `local up`, `index verify`. */
async function commandsOf(words: readonly string[] = []): Promise<readonly (readonly string[])[]> {
  const { out } = await tandem([...words, "--help"]);
  const [, listed] = /\nCommands:\n((?: {2}.+\n)+)/.exec(out) ?? [];
  if (listed === undefined) return [words];
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].flatMap(([, name = ""]) => name);
  const found = names.filter((name) => name !== "help").map((name) => commandsOf([...words, name]));
  return (await Promise.all(found)).flat();
}

const COMMANDS = await commandsOf();

describe("usage", () => {
  test.each(COMMANDS.map((words) => words.join(" ")))(
    "%s has help with an example and its exit codes",
    async (command) => {
      const { code, out } = await tandem([...command.split(" "), "--help"]);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: tandem ${command} `));
      expect(out).toMatch(new RegExp(`Examples?:\n  \\$ (npx )?tandem ${command}`));
      expect(out).toMatch(/Exit codes:\n {2}0 {2}/);
    },
  );

  test("every file of cli/commands is in the help, and every command in docs/cli.md", async () => {
    const named = COMMANDS.map((words) => words.join(" "));
    expect(named).toEqual(expect.arrayContaining(["local up", "index verify", "approve", "completion"]));
    const files = await Promise.all(
      (await readdir("cli/commands")).map((file) => readFile(join("cli/commands", file), "utf8")),
    );
    const added = files.flatMap((text) => [...text.matchAll(/\.command\("([a-z-]+)"\)/g)]);
    const groups = ["local", "index"];
    expect(
      added
        .map(([, name]) => name)
        .filter((name) => !groups.includes(name ?? ""))
        .sort(),
    ).toEqual(COMMANDS.map((words) => words.at(-1)).sort());
    const page = await readFile("docs/cli.md", "utf8");
    const told = (command: string) => page.includes(`tandem ${command}`) || page.includes(`\`${command}\``);
    expect(named.filter((command) => !told(command))).toEqual([]);
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

test("before `npm ci` it says so, without a stack trace", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tandem-bare-"));
  try {
    await cp("bin", join(folder, "bin"), { recursive: true });
    const started = promisify(execFile)(process.execPath, [join(folder, "bin", "tandem.mjs"), "runs"]);
    await expect(started).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: "tandem: its packages are not installed: run `npm ci` in Tandem's folder\n",
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
