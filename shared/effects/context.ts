import type { Outcome, Wake } from "../pipeline/commands.ts";
import type { Instant, RunEvent } from "../pipeline/events.ts";
import type { Store } from "../store/stream-store.ts";
import type { Aws } from "./aws.ts";
import type { GitHubApi } from "./github-api.ts";
import type { Messenger } from "./messenger.ts";
import type { Reviewer } from "./reviewer.ts";

/** What the stack is called where it is deployed; comes from the functions' environment. */
export interface Settings {
  /** The CodeBuild projects, by the machine they run on. */
  readonly projects: { readonly x86_64: string; readonly arm64: string };
  /** The projects for commits of strangers: their role may not push, and reads no secret. */
  readonly untrustedProjects: { readonly x86_64: string; readonly arm64: string };
  /** Image name to its ECR repository's URI, `REGISTRY/NAME`. */
  readonly repositoryUris: Readonly<Record<string, string>>;
  /** `https://public.ecr.aws`. */
  readonly publicRegistryUrl: string;
  /** What CodeCommit's clone URLs begin with, e.g. `https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/`. */
  readonly codecommitUrl: string;
  /** `https://github.com`. */
  readonly githubUrl: string;
  /** Tandem's own buildspec, as text. */
  readonly buildspec: string;
}

export type { Outcome, Wake };

/** What every effect is handed. */
export interface EffectContext {
  readonly aws: Aws;
  /** Absent where no pipeline has its source at GitHub. */
  readonly github?: GitHubApi;
  /** A pipeline's voice on CodeCommit's pull requests; absent where no pipeline builds them. */
  readonly reviewer?: (pipeline: string) => Reviewer;
  /** What messages are sent with; absent where nobody is to be told. */
  readonly messenger?: Messenger;
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Instant;
  /** Puts what went wrong, and stops nothing, into the function's log; absent where nobody reads one. */
  readonly warn?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Hexadecimal SHA-256 of UTF-8 text. */
  readonly sha256: (text: string) => string;
}

export const NOTHING: Outcome = { events: [], wake: [] };

export function facts(...events: readonly RunEvent[]): Outcome {
  return { events, wake: [] };
}

/** Whether AWS answered with one of these errors; anything else is worth another try, and is thrown on. */
export function isError(error: unknown, ...names: readonly string[]): error is Error {
  return error instanceof Error && names.includes(error.name);
}
