import { BUILD_VARIABLES, EXPORTED_VARIABLES } from "../../../shared/pipeline/build-report.ts";
import type { Build, Course } from "../aws/codebuild.ts";
import type { FakeCodeCommit, Flaw } from "../aws/codecommit.ts";
import type { FakeEcr } from "../aws/ecr.ts";
import { digestOf } from "../aws/names.ts";
import type { Machine } from "../invocation.ts";
import { MINUTE, type Scenario } from "./scenario.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** What goes on inside builds: how long they take, how they end, and what they push. */
export class Builders {
  readonly #machine: Machine;
  readonly #scenario: Scenario;
  readonly #codecommit: FakeCodeCommit;
  readonly #ecr: FakeEcr;
  readonly #onBuilt: (digest: string, platform: string, runId: string) => void;

  constructor(
    machine: Machine,
    scenario: Scenario,
    aws: { readonly codecommit: FakeCodeCommit; readonly ecr: FakeEcr },
    onBuilt: (digest: string, platform: string, runId: string) => void,
  ) {
    this.#machine = machine;
    this.#scenario = scenario;
    this.#codecommit = aws.codecommit;
    this.#ecr = aws.ecr;
    this.#onBuilt = onBuilt;
  }

  courseOf(build: Build): Course {
    const { random, weather } = this.#machine;
    const milliseconds = random.between(5_000, 4 * MINUTE);
    if (weather.strikes("build fault", this.#scenario.rates.transientBuild)) return this.#fault(milliseconds);
    if (random.chance(0.01)) {
      const failedPhase = { phase: "BUILD", message: "took too long" };
      return { milliseconds: 20 * MINUTE, status: "TIMED_OUT", failedPhase };
    }
    const commit = this.#codecommit.find(build.variables[BUILD_VARIABLES.commit] ?? "");
    const { flaw } = commit ?? {};
    const strikes = flaw?.platform === build.variables[BUILD_VARIABLES.platform];
    if (strikes) weather.count(flaw?.how === "does not build" ? "platform broken" : "bad image");
    if (strikes && flaw?.how === "does not build") {
      return { milliseconds, status: "FAILED", failedPhase: { phase: "BUILD", message: "exit status 1" } };
    }
    return {
      milliseconds,
      status: "SUCCEEDED",
      exports: () => this.#push(build, strikes ? flaw?.how : undefined),
    };
  }

  /** What is CodeBuild's own fault. */
  #fault(milliseconds: number): Course {
    const { random } = this.#machine;
    const failedPhase = { phase: "PROVISIONING", message: "no capacity" };
    return random.pick<Course>([
      { milliseconds, status: "FAULT" },
      { milliseconds: 5_000, status: "FAILED", failedPhase },
      { milliseconds: 5 * MINUTE, status: "TIMED_OUT", failedPhase },
    ]);
  }

  /** @returns what the build exports */
  #push(build: Build, how: Flaw["how"] | undefined): Readonly<Record<string, string>> {
    const { variables } = build;
    const image = variables[BUILD_VARIABLES.image] ?? "";
    const wanted = variables[BUILD_VARIABLES.platform] ?? "";
    const platform = how === "other platform" ? "linux/s390x" : wanted;
    const noise = this.#scenario.reproducible ? "" : build.id;
    const configDigest = digestOf(`${variables[BUILD_VARIABLES.commit]} ${image} ${platform} ${noise}`);
    const mediaType = how === "provenance" ? INDEX : MANIFEST;
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: configDigest, size: 2 };
    const text = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
    const digest = how === "not pushed" ? digestOf(text) : this.#ecr.push(image, text, mediaType);
    this.#onBuilt(digest, platform, variables[BUILD_VARIABLES.run] ?? "");
    if (how === "not exported") return {};
    return {
      [EXPORTED_VARIABLES.digest]: digest,
      [EXPORTED_VARIABLES.size]: String(text.length),
      [EXPORTED_VARIABLES.mediaType]: mediaType,
      [EXPORTED_VARIABLES.configDigest]: configDigest,
      [EXPORTED_VARIABLES.configPlatform]: platform === "linux/arm64" ? "linux/arm64/v8" : platform,
    };
  }
}
