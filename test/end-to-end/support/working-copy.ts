import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Person } from "./clients.ts";
import { cleanEnvironment } from "./local-up.ts";

const run = promisify(execFile);

/** A git child process, without anything of the person's own configuration. */
export async function git(cwd: string, args: readonly string[], author: Person = "carol"): Promise<string> {
  const email = `${author}@example.com`;
  const { stdout } = await run("git", args, {
    cwd,
    env: {
      ...cleanEnvironment(),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: email,
      no_proxy: "127.0.0.1",
    },
  });
  return stdout.trim();
}

/** The user name is what a pusher is known by; git sends it only when told to. */
export function asPerson(person: Person): readonly string[] {
  const basic = Buffer.from(`${person}:${person}`).toString("base64");
  return ["-c", `http.extraHeader=Authorization: Basic ${basic}`];
}

/** The start of an ELF file for a machine: enough to tell whose program it is. */
function program(machine: number, text: string): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", 0, "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  return Buffer.concat([header, Buffer.from(text)]);
}

export const DOCKERFILE = `FROM scratch
ARG TARGETARCH
ARG TANDEM_COMMIT
LABEL commit=$TANDEM_COMMIT
COPY bin/\${TARGETARCH}/app /app
ENTRYPOINT ["/app"]
`;

/** An application of two architectures that is built within a moment. */
export function application(
  version: number,
  dockerfile = DOCKERFILE,
): Readonly<Record<string, string | Buffer>> {
  return {
    Dockerfile: dockerfile,
    "bin/amd64/app": program(0x3e, `version ${version} on x86_64\n`),
    "bin/arm64/app": program(0xb7, `version ${version} on arm64\n`),
  };
}

/** A folder with a clone of a repository of `/git/`. */
export class WorkingCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Clones a repository that exists. */
  static async clone(address: string, folder: string): Promise<WorkingCopy> {
    await git(dirname(folder), ["clone", "--quiet", address, folder]);
    await git(folder, ["symbolic-ref", "HEAD", "refs/heads/main"]);
    return new WorkingCopy(folder);
  }

  /** @returns the commit's id */
  async commit(
    files: Readonly<Record<string, string | Buffer>>,
    author: Person = "carol",
    message = "Change",
  ): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, name)), { recursive: true });
      await writeFile(join(this.folder, name), content);
    }
    await git(this.folder, ["add", "--all"]);
    await git(this.folder, ["commit", "--quiet", "--message", message], author);
    return git(this.folder, ["rev-parse", "HEAD"]);
  }

  async push(as: Person = "carol", refspec = "main"): Promise<void> {
    await git(this.folder, [...asPerson(as), "push", "--quiet", "origin", refspec]);
  }
}
