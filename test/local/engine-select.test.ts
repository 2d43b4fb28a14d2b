import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

const run = promisify(execFile);
const fixture = fileURLToPath(new URL("engine-select-fixture.ts", import.meta.url));

/** What is chosen on a machine that has no program at all. */
async function chosen(choice: string): Promise<string> {
  const { stdout } = await run(process.execPath, ["--import", "tsx", fixture, choice], {
    env: { PATH: "/nonexistent", HOME: "/nonexistent" },
  });
  return stdout.trim();
}

test("auto falls back on none, and says why and what to do", async () => {
  const line = await chosen("auto");
  expect(line).toMatch(/^none: built-in builder \(no RUN\), tasks are simulated; docker is not installed \(/);
  expect(line).toContain(
    "podman and buildah not found (apt-get install podman buildah runc qemu-user-static",
  );
});

test.each([
  ["docker", "Error: The engine docker cannot be used: docker is not installed. Remedy: install docker"],
  [
    "podman",
    "Error: The engine podman cannot be used: podman and buildah not found. Remedy: apt-get install podman",
  ],
])("%s, asked for by name, is an error with the remedy", async (choice, message) => {
  expect(await chosen(choice)).toContain(message);
});

test("none is always there", async () => {
  expect(await chosen("none")).toBe("none: built-in builder (no RUN), tasks are simulated");
});
