import type { Build as BuildDescription, StartBuildCommandInput } from "@aws-sdk/client-codebuild";
import type { Aws } from "../../../shared/effects/aws.ts";
import { BUILD_VARIABLES } from "../../../shared/pipeline/build-report.ts";
import type { Agenda } from "../agenda.ts";
import { AwsError } from "./aws-error.ts";
import { ACCOUNT, REGION } from "./names.ts";

/** Five minutes: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html */
const TOKEN_MILLISECONDS = 300_000;

export type BuildStatus = "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "FAULT" | "TIMED_OUT" | "STOPPED";

export interface Phase {
  readonly phase: string;
  readonly message: string;
}

/** How a build will go, and when it ends by itself. */
export interface Course {
  readonly milliseconds: number;
  readonly status: Exclude<BuildStatus, "IN_PROGRESS" | "STOPPED">;
  readonly failedPhase?: Phase;
  /** What it does just before it succeeds. */
  readonly exports?: () => Readonly<Record<string, string>>;
}

export interface Build {
  readonly id: string;
  readonly arn: string;
  readonly project: string;
  readonly variables: Readonly<Record<string, string>>;
  status: BuildStatus;
  failedPhase: Phase | undefined;
  exported: Readonly<Record<string, string>>;
}

export interface CodeBuildHooks {
  /** How this build will go. */
  readonly courseOf: (build: Build) => Course;
  readonly onStart: (build: Build) => void;
  readonly onEnd: (build: Build) => void;
}

/** CodeBuild: tokens, builds that take their time, and the API's view of them. */
export class FakeCodeBuild {
  readonly #agenda: Agenda;
  readonly #hooks: CodeBuildHooks;
  readonly #builds: Build[] = [];
  readonly #tokens = new Map<
    string,
    { readonly build: Build; readonly at: number; readonly input: string }
  >();

  constructor(agenda: Agenda, hooks: CodeBuildHooks) {
    this.#agenda = agenda;
    this.#hooks = hooks;
  }

  get builds(): readonly Build[] {
    return this.#builds;
  }

  find(id: string): Build | undefined {
    return this.#builds.find((build) => build.arn === id || build.id === id);
  }

  /** Ends a build, unless it has ended. */
  end(build: Build, status: BuildStatus, failedPhase?: Phase): void {
    if (build.status !== "IN_PROGRESS") return;
    build.status = status;
    build.failedPhase = failedPhase;
    this.#hooks.onEnd(build);
  }

  #start(input: StartBuildCommandInput): Build {
    const project = input.projectName ?? "";
    const id = `${project}:${String(this.#builds.length + 1).padStart(4, "0")}`;
    const build: Build = {
      id,
      arn: `arn:aws:codebuild:${REGION}:${ACCOUNT}:build/${id}`,
      project,
      variables: Object.fromEntries(
        (input.environmentVariablesOverride ?? []).map(({ name, value }) => [name ?? "", value ?? ""]),
      ),
      status: "IN_PROGRESS",
      failedPhase: undefined,
      exported: {},
    };
    this.#builds.push(build);
    this.#hooks.onStart(build);
    const course = this.#hooks.courseOf(build);
    this.#agenda.schedule(course.milliseconds, () => {
      if (build.status === "IN_PROGRESS") build.exported = course.exports?.() ?? {};
      this.end(build, course.status, course.failedPhase);
    });
    return build;
  }

  readonly api: Aws["codebuild"] = {
    startBuild: async (input) => {
      const token = input.idempotencyToken ?? "";
      const known = this.#tokens.get(token);
      const text = JSON.stringify(input);
      if (known !== undefined && this.#agenda.now - known.at < TOKEN_MILLISECONDS) {
        if (known.input !== text)
          throw new AwsError("InvalidInputException", `token ${token}: other parameters`);
        return { build: describe(known.build) };
      }
      const build = this.#start(input);
      this.#tokens.set(token, { build, at: this.#agenda.now, input: text });
      return { build: describe(build) };
    },

    stopBuild: async ({ id = "" }) => {
      const build = this.find(id);
      if (build === undefined) throw new AwsError("ResourceNotFoundException", `no build ${id}`);
      this.end(build, "STOPPED");
      return { build: describe(build) };
    },

    batchGetBuilds: async ({ ids = [] }) => {
      const found = ids.flatMap((id) => this.find(id) ?? []);
      return { builds: found.map(describe), buildsNotFound: ids.filter((id) => this.find(id) === undefined) };
    },

    listBuildsForProject: async ({ projectName }) => {
      const ids = this.#builds.flatMap(({ project, id }) => (project === projectName ? [id] : []));
      return { ids: ids.reverse().slice(0, 100) };
    },
  };
}

/** What ties a build to a run. */
export function keyOf({ variables }: Build): string {
  const { run, image, platform, attempt } = BUILD_VARIABLES;
  return [run, image, platform, attempt].map((name) => variables[name]).join(" ");
}

function describe(build: Build): BuildDescription {
  return {
    id: build.id,
    arn: build.arn,
    buildStatus: build.status,
    projectName: build.project,
    environment: {
      type: "LINUX_CONTAINER",
      image: "standard",
      computeType: "BUILD_GENERAL1_SMALL",
      environmentVariables: pairs(build.variables),
    },
    exportedEnvironmentVariables: pairs(build.exported),
    logs: { groupName: "/aws/codebuild/tandem", streamName: build.id },
    phases:
      build.failedPhase === undefined
        ? []
        : [
            {
              phaseType: phaseType(build.failedPhase.phase),
              phaseStatus: "FAILED",
              contexts: [{ message: build.failedPhase.message }],
            },
          ],
  };
}

function phaseType(phase: string): "PROVISIONING" | "BUILD" {
  return phase === "PROVISIONING" ? "PROVISIONING" : "BUILD";
}

export function pairs(values: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
