import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { tandem } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tandem-completion-"));
  for (const shell of ["bash", "zsh", "fish"])
    await writeFile(join(folder, `tandem.${shell}`), (await tandem(["completion", shell])).out);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = promisify(execFile);

/** What bash offers after these words, when the tabulator is pressed behind the last. */
async function bash(...words: readonly string[]): Promise<readonly string[]> {
  const script = `
    source "$1"; shift
    # The function that bash itself would call.
    function=$(complete -p tandem | sed -E 's/.*-F ([^ ]+) .*/\\1/')
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    "$function" tandem "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run("bash", ["-c", script, "bash", join(folder, "tandem.bash"), ...words]);
  return stdout.split("\n").filter(Boolean);
}

describe("bash completes", () => {
  test("commands", async () => {
    expect(await bash("tandem", "a")).toEqual(["approve", "audit"]);
    expect(await bash("tandem", "release")).toEqual(["release-hold"]);
    expect(await bash("tandem", "moon")).toEqual([]);
  });

  test("every command that the help lists", async () => {
    const { out } = await tandem(["--help"]);
    const listed = [...out.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name]) => name);
    const offered = await bash("tandem", "");
    expect(offered).toEqual(expect.arrayContaining(listed.filter((name) => name !== "help")));
    expect(offered.length).toBeGreaterThan(25);
  });

  test("a command's options, wherever they stand", async () => {
    expect(await bash("tandem", "approve", "--")).toEqual(
      ["--comment", "--override", "--yes", "--url", "--json", "--help"].sort(byOffer),
    );
    expect(await bash("tandem", "audit", "--from", "2026-11-01", "--c")).toEqual(["--csv"]);
  });

  test("the commands of a command", async () => {
    expect(await bash("tandem", "local", "s")).toEqual(["seed"]);
    expect(await bash("tandem", "index", "v")).toEqual(["verify"]);
  });
});

/** In the order of the command's own help. */
const ORDER = ["--url", "--json", "--comment", "--override", "--yes", "--help"];
const byOffer = (a: string, b: string) => ORDER.indexOf(a) - ORDER.indexOf(b);

describe.each([
  ["zsh", ["-n"]],
  ["fish", ["--no-execute"]],
])("%s", (shell, check) => {
  const there = spawnSync(shell, ["--version"]).status === 0;

  test("has every command with its description, quoted", async () => {
    const { out } = await tandem(["completion", shell]);
    expect(out).toContain("release-hold");
    expect(out).toMatch(
      shell === "zsh" ? /'inbox:list what waits for you'/ : /-a inbox -d 'list what waits for you'/,
    );
    expect(out).not.toContain("undefined");
  });

  if (there)
    test("takes it", async () => {
      await run(shell, [...check, join(folder, `tandem.${shell}`)]);
    });
});

test("another shell is refused, and the known ones are named", async () => {
  const { code, err } = await tandem(["completion", "cmd"]);
  expect(code).toBe(2);
  expect(err).toMatch(/Allowed choices are bash, zsh, fish/);
});
