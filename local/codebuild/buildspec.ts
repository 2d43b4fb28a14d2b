import { parseDocument } from "yaml";
import { z } from "zod";

/** A buildspec that CodeBuild would refuse; the message names the key or the line. */
export class BuildspecError extends Error {}

export type OnFailure = "ABORT" | "CONTINUE" | undefined;

export interface BuildspecPhase {
  readonly commands: readonly string[];
  readonly finally: readonly string[];
  readonly onFailure: OnFailure;
}

export type BuildspecPhaseName = "install" | "pre_build" | "build" | "post_build";

export interface Buildspec {
  readonly shell: "sh" | "bash";
  readonly variables: Readonly<Record<string, string>>;
  readonly exportedVariables: readonly string[];
  /** Variables of Parameter Store and Secrets Manager: there is neither on a laptop. */
  readonly secrets: readonly string[];
  readonly phases: Readonly<Partial<Record<BuildspecPhaseName, BuildspecPhase>>>;
  /** Keys that are valid and have no effect here, each with the reason, for the log. */
  readonly ignored: readonly string[];
}

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const command = z.string({ error: "must be a string; quote a command that contains a colon and a space" });
const map = z.record(z.string(), z.unknown());

const phaseKeys = {
  "run-as": z.string().optional(),
  "on-failure": z.enum(["ABORT", "CONTINUE"], { error: "must be ABORT or CONTINUE" }).optional(),
  commands: z.array(command).nullish(),
  finally: z.array(command).nullish(),
};
const plainPhase = z.strictObject(phaseKeys);
const installPhase = z.strictObject({ ...phaseKeys, "runtime-versions": map.nullish() });

const buildspecFile = z.strictObject({
  version: z.union([z.literal(0.2), z.literal("0.2")], {
    error: "must be 0.2, the version in which all commands share one shell",
  }),
  "run-as": z.string().optional(),
  env: z
    .strictObject({
      shell: z.enum(["bash", "sh", "/bin/sh", "/bin/bash"], { error: "must be bash or sh" }).optional(),
      variables: z.record(z.string(), text).nullish(),
      "parameter-store": z.record(z.string(), text).nullish(),
      "secrets-manager": z.record(z.string(), text).nullish(),
      "exported-variables": z.array(z.string()).nullish(),
      "git-credential-helper": z.unknown().optional(),
    })
    .nullish(),
  proxy: map.nullish(),
  batch: map.nullish(),
  phases: z.strictObject({
    install: installPhase.nullish(),
    pre_build: plainPhase.nullish(),
    build: plainPhase.nullish(),
    post_build: plainPhase.nullish(),
  }),
  reports: map.nullish(),
  artifacts: map.nullish(),
  cache: map.nullish(),
});

type BuildspecFile = z.infer<typeof buildspecFile>;

/**
 * Reads a buildspec of version 0.2.
 * See https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html.
 *
 * @throws BuildspecError naming every key that is unknown or has a wrong value, or the line of a YAML fault
 */
export function parseBuildspec(source: string): Buildspec {
  const document = parseDocument(source, { prettyErrors: true });
  const fault = document.errors[0];
  if (fault !== undefined) throw new BuildspecError(fault.message.split("\n")[0] ?? "not valid YAML");
  const parsed = buildspecFile.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) throw new BuildspecError(parsed.error.issues.map(explain).join("; "));
  const file = parsed.data;
  return {
    shell: file.env?.shell?.endsWith("bash") ? "bash" : "sh",
    variables: file.env?.variables ?? {},
    exportedVariables: file.env?.["exported-variables"] ?? [],
    secrets: [
      ...Object.keys(file.env?.["parameter-store"] ?? {}),
      ...Object.keys(file.env?.["secrets-manager"] ?? {}),
    ],
    phases: {
      ...phase("install", file.phases.install),
      ...phase("pre_build", file.phases.pre_build),
      ...phase("build", file.phases.build),
      ...phase("post_build", file.phases.post_build),
    },
    ignored: ignoredKeys(file),
  };
}

function phase(
  name: BuildspecPhaseName,
  keys: z.infer<typeof plainPhase> | null | undefined,
): Partial<Record<BuildspecPhaseName, BuildspecPhase>> {
  if (keys === null || keys === undefined) return {};
  return {
    [name]: { commands: keys.commands ?? [], finally: keys.finally ?? [], onFailure: keys["on-failure"] },
  };
}

function ignoredKeys(file: BuildspecFile): readonly string[] {
  const ignored: string[] = [];
  const note = (key: string, present: unknown, reason: string) => {
    if (present !== undefined && present !== null) ignored.push(`${key} has no effect here: ${reason}`);
  };
  note("run-as", file["run-as"], "builds run as you");
  note(
    "env.git-credential-helper",
    file.env?.["git-credential-helper"],
    "there are no credentials to help with",
  );
  note("proxy", file.proxy, "builds use the network of this machine");
  note("batch", file.batch, "batch builds are not emulated");
  note("reports", file.reports, "test reports are not emulated");
  note("artifacts", file.artifacts, "there is no S3 to upload to");
  note("cache", file.cache, "there is no S3 to cache in");
  note(
    "phases.install.runtime-versions",
    file.phases.install?.["runtime-versions"],
    "this machine's own are used",
  );
  for (const [name, keys] of Object.entries(file.phases)) {
    note(`phases.${name}.run-as`, keys?.["run-as"], "builds run as you");
  }
  return ignored;
}

function explain(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `unknown key ${[...path, key].join(".")}`).join("; ");
  }
  const key = path.length === 0 ? "the buildspec" : path.join(".");
  if (issue.code === "invalid_type" && issue.message.includes("received undefined"))
    return `${key} is missing`;
  return `${key}: ${issue.message}`;
}
