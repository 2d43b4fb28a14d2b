import type { Run } from "../../../shared/pipeline/run.ts";
import type { FakeEcr, Index } from "../aws/ecr.ts";
import type { Caller } from "../invocation.ts";
import type { Findings } from "./findings.ts";
import type { Change } from "./run-book.ts";

/** Where a platform's image comes from, as its build knows. */
export interface Origin {
  readonly platform: string;
  /** The runs whose builds gave just these bytes. */
  readonly runs: Set<string>;
}

/** Invariant 1, as ECR saw it: one index per run and repository, with exactly the configured platforms, made of its own builds. */
export class ImageChecks {
  readonly #findings: Findings;
  readonly #ecr: () => FakeEcr;
  readonly #origins = new Map<string, Origin>();
  readonly #published = new Map<string, string>();

  constructor(findings: Findings, ecr: () => FakeEcr) {
    this.#findings = findings;
    this.#ecr = ecr;
  }

  built(digest: string, platform: string, runId: string): void {
    const origin = this.#origins.get(digest) ?? { platform, runs: new Set() };
    origin.runs.add(runId);
    this.#origins.set(digest, origin);
  }

  put(caller: Caller | undefined, repository: string, digest: string, index: Index): void {
    const run = caller?.run;
    if (run === undefined) {
      this.#findings.violate(1, `${digest} was put into ${repository} for no run`);
      return;
    }
    this.#demandPlatforms(run, repository, index);
    this.#demandOne(run, repository, digest);
  }

  changed({ event, after }: Change): void {
    if (event.type !== "index.published") return;
    this.#demandOne(after, event.image, event.digest);
    this.#findings.demand(
      this.#ecr().index(event.image, event.digest) !== undefined,
      1,
      () => `${after.id} says it published ${event.digest}, which ${event.image} does not hold`,
    );
  }

  #demandOne(run: Run, repository: string, digest: string): void {
    const key = `${repository} of ${run.id}`;
    const before = this.#published.get(key) ?? digest;
    this.#findings.demand(before === digest, 1, () => `${key} has two indexes: ${before} and ${digest}`);
    this.#published.set(key, digest);
  }

  #demandPlatforms(run: Run, repository: string, index: Index): void {
    const wanted = run.definition.images.find(({ name }) => name === repository)?.platforms ?? [];
    const has = Object.keys(index).sort().join();
    this.#findings.demand(
      has === [...wanted].sort().join(),
      1,
      () => `the index of ${repository} for ${run.id} is for ${has}, not for ${wanted.join()}`,
    );
    for (const [platform, child] of Object.entries(index)) {
      const origin = this.#origins.get(child);
      this.#findings.demand(
        origin?.platform === platform && origin.runs.has(run.id),
        1,
        () =>
          `the ${platform} image ${child} of ${run.id} is a ${origin?.platform} image of ${[...(origin?.runs ?? [])]}`,
      );
    }
  }
}
