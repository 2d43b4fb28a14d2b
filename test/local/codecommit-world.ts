import { join } from "node:path";
import {
  type CodeEndpoint,
  type Detail,
  git,
  startCode,
  temporaryFolder,
  workingCopy,
} from "./codebuild-endpoint.ts";

/** CodeCommit over a state folder, and repositories to try it with. */
export interface CodeCommitWorld {
  readonly folder: string;
  /** Another one after `restart`. */
  readonly code: CodeEndpoint;
  /** A repository of its own for a test, with one commit pushed to main. */
  pushed(files?: Readonly<Record<string, string>>): Promise<Pushed>;
  /** Calls an operation. @throws Error when it is refused */
  call(operation: string, input: unknown): Promise<Detail>;
  restart(): Promise<void>;
  end(): Promise<void>;
}

interface Pushed extends Awaited<ReturnType<typeof workingCopy>> {
  readonly name: string;
  readonly url: string;
}

export async function startWorld(): Promise<CodeCommitWorld> {
  const folder = await temporaryFolder();
  const start = () => startCode({ stateDir: join(folder.path, "state") });
  let code = await start();
  let copies = 0;
  return {
    folder: folder.path,
    get code() {
      return code;
    },
    async pushed(files = { "a.txt": "one\n" }) {
      copies += 1;
      const name = `repository-${copies}`;
      const copy = await workingCopy(folder.path, name, files);
      const url = `${code.url}/git/${name}`;
      await git(copy.path, "push", "--quiet", url, "main");
      return { ...copy, name, url };
    },
    async call(operation, input) {
      const { status, body } = await code.codecommitCall(operation, input);
      if (status !== 200) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
      return body;
    },
    async restart() {
      await code.stop();
      code = await start();
    },
    async end() {
      await code.stop();
      await folder.remove();
    },
  };
}
