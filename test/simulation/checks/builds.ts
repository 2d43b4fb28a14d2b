import { BUILD_VARIABLES } from "../../../shared/pipeline/build-report.ts";
import type { Build } from "../aws/codebuild.ts";
import { keyOf } from "../aws/codebuild.ts";
import type { Findings } from "./findings.ts";
import type { Change } from "./run-book.ts";

/** What passes by itself, and what no run may fail for. */
const PASSING = /rate exceeded|no answer to|too many concurrent/i;

/** Invariant 2, its first half, as CodeBuild saw it; and that a run ends for good reason, and leaves nothing running. */
export class BuildChecks {
  readonly #findings: Findings;
  readonly #started = new Map<string, Build>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  started(build: Build): void {
    const key = keyOf(build);
    const before = this.#started.get(key);
    this.#findings.demand(
      before === undefined,
      2,
      () => `${key} was started twice: ${before?.id} and ${build.id}`,
    );
    this.#started.set(key, build);
  }

  changed({ event, after }: Change): void {
    if (event.type !== "run.finished") return;
    this.#findings.demand(!PASSING.test(event.reason), 9, () => `${after.id} ended: ${event.reason}`);
    for (const build of this.#started.values()) {
      if (build.variables[BUILD_VARIABLES.run] !== after.id) continue;
      this.#findings.demand(
        build.status !== "IN_PROGRESS",
        9,
        () => `${after.id} has ${event.outcome} while ${build.id} still builds for it`,
      );
    }
  }
}
