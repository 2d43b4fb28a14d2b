import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyTooLarge, readBody } from "../../aws/http.ts";
import type { ImageStore } from "../../builder/image-store.ts";
import type { ImageBuilder } from "./builder.ts";
import { runCommand } from "./commands.ts";
import { UsageError } from "./flags.ts";
import type { DockerSessions } from "./sessions.ts";

/** Where the `docker` of local builds posts its command line. */
export const DOCKER_ROUTE = "/_codebuild/docker";

const MAXIMUM_BODY_BYTES = 1024 * 1024;

export interface DockerRouteOptions {
  readonly sessions: DockerSessions;
  readonly builder: ImageBuilder;
  readonly builderName: string;
  /** Where images are from being built until they are pushed. */
  readonly store: ImageStore;
  readonly say: (line: string) => void;
}

/**
 * Answers the `docker` command of local builds (`local/shims/docker`). The request's body is the working folder, the value
 * of SOURCE_DATE_EPOCH and the arguments, each ended by NUL; the answer is what is printed, line by line as it comes, each
 * line marked with where it goes, and at last the exit status. A command whose process goes away is stopped.
 */
export function createDockerRoute(
  options: DockerRouteOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const session = options.sessions.find(String(request.headers["x-tandem-build"] ?? ""));
    const marked = (mark: string) => (text: string) => {
      for (const line of text.split("\n")) response.write(`${mark}${line}\n`);
    };
    const print = marked("1");
    const printError = marked("2");
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    const end = (exitCode: number) => response.end(`x${exitCode}\n`);
    if (session === undefined) {
      printError("docker: this build is not under way");
      return void end(125);
    }
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, session.signal]);
    try {
      const fields = (await readBody(request, MAXIMUM_BODY_BYTES)).toString("utf8").split("\0").slice(0, -1);
      const [cwd = "/", sourceDateEpoch = "", ...args] = fields;
      const context = { ...session, ...options, cwd, sourceDateEpoch, signal, print, printError };
      await session.work(runCommand(args, context));
      end(0);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const expected = error instanceof UsageError || error instanceof BodyTooLarge || signal.aborted;
      if (!expected) options.say(`codebuild: docker in a build failed: ${message}`);
      printError(`ERROR: ${message}`);
      end(expected ? 1 : 125);
    }
  };
}
