import { z } from "zod";
import { COMPUTE_TYPES, PLATFORMS } from "../pipeline/build-report.ts";
import { PAUSE_STAGES, type Platform } from "../pipeline/definition.ts";
import { PLACEHOLDERS } from "../pipeline/tags.ts";
import { ecs } from "./schema-ecs.ts";
import { checks, window } from "./schema-gate.ts";
import { messages } from "./schema-messages.ts";
import { duration, path, repository } from "./schema-words.ts";

/** The shape of a file in `pipelines/`; the JSON Schema for editors is made from this. Every object is strict. */

/** A name that stands in run ids, stream names and addresses. */
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens, beginning with a letter")
  .max(40);

const glob = z.string().min(1).max(255);

const tagTemplate = z
  .string()
  .min(1)
  .max(128)
  .superRefine((template, context) => {
    for (const [, placeholder = ""] of template.matchAll(/\{([^{}]*)\}/g)) {
      if ((PLACEHOLDERS as readonly string[]).includes(placeholder)) continue;
      const known = PLACEHOLDERS.map((one) => `{${one}}`).join(", ");
      context.addIssue({
        code: "custom",
        message: `has no placeholder {${placeholder}}; there are ${known}`,
      });
    }
  });

const platform = z.enum(PLATFORMS);

const TAG_PATTERN = "must be a tag with at most four *, and none of Tandem's own (tandem.…)";

export const DEFAULT_PLATFORMS: readonly Platform[] = ["linux/amd64", "linux/arm64"];

/** Rules of a lifecycle policy: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
const retention = z.strictObject({
  releases: z.int().min(1).max(1000).default(10).describe("How many releases of each stage stay."),
  days: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe("Days after which goes what no stage ever ran, and what failed builds left behind."),
  keepTags: z
    .array(z.string().regex(/^(?!tandem\.)(?:[A-Za-z0-9._-]|\*(?!(?:.*\*){4})){1,128}$/, TAG_PATTERN))
    .max(20)
    .default([])
    .describe("Tags that keep an image for ever, e.g. v*."),
});

const image = z.strictObject({
  name: repository.describe("The ECR repository of the image."),
  context: path.default(".").describe("The build context, relative to the repository's root."),
  dockerfile: path.default("Dockerfile").describe("The Dockerfile, relative to the repository's root."),
  platforms: z
    .array(platform)
    .min(1)
    .default([...DEFAULT_PLATFORMS])
    .describe("What the image is built for."),
  tags: z
    .array(tagTemplate)
    .default(["{branch}", "{shortSha}"])
    .describe("Tags of the published index; placeholders in braces."),
  compute: z
    .partialRecord(platform, z.enum(COMPUTE_TYPES))
    .default({})
    .describe("CodeBuild's compute type, by platform; the project's own otherwise."),
  timeoutMinutes: z.int().min(5).max(2160).default(60).describe("Minutes a build may take."),
  paths: z
    .array(glob)
    .default([])
    .describe(
      "Changed files that need this image built; without any, the last published index is used again.",
    ),
  buildspec: path.optional().describe("A buildspec of the repository under build, instead of Tandem's own."),
  registry: z
    .string()
    .regex(/^public\.ecr\.aws\/[a-z0-9][a-z0-9-]{1,49}$/, "must be public.ecr.aws/ALIAS")
    .optional()
    .describe("public.ecr.aws/ALIAS for ECR Public; this account's ECR otherwise."),
  provenance: z
    .enum(["min", "max"])
    .optional()
    .describe("Whether BuildKit records how the image was built; its attestation goes into the index."),
  sbom: z.boolean().default(false).describe("Whether BuildKit lists what is in the image, likewise."),
  retention: retention.optional().describe("What ECR expires; nothing otherwise."),
});

const group = z
  .string()
  .regex(/^[\w+=,.@-]+$/, "must be a name of letters, digits and _+=,.@-")
  .max(64);

const approval = z.strictObject({
  from: z.array(group).min(1).describe("Groups whose members may decide."),
  required: z.int().min(1).max(20).default(1).describe("How many distinct people must approve."),
  expiresAfter: duration.default("7d").describe("How long the approval is asked for; the run ends then."),
  selfApproval: z
    .boolean()
    .default(false)
    .describe("Whether author, committer, pusher or starter may approve."),
});

/** A URL parser also takes spaces and user names, which nobody wants to click on. */
const page = z
  .string()
  .max(500)
  .refine(
    (value) => /^https:\/\/[^\s@\\]+$/.test(value) && URL.canParse(value),
    "must be an address that begins with https://",
  );

const stage = z.strictObject({
  name,
  url: page
    .optional()
    .describe("Where people find what the stage runs; GitHub shows it beside its deployments."),
  approval: approval.optional().describe("Who must agree before the stage begins."),
  window: window.optional().describe("When the stage may begin."),
  checks: checks.optional().describe("What must hold when it begins."),
  overrides: z
    .array(group)
    .min(1)
    .optional()
    .describe("Groups whose members may let it begin in spite of window and checks, with a reason."),
  order: z
    .enum(["in-order", "parallel"])
    .optional()
    .describe("Whether the services are deployed one after another (the default), or side by side."),
  onFailure: z
    .enum(["go-back", "stay"])
    .optional()
    .describe("What becomes of services already moved when another fails; they go back otherwise."),
  pauseAt: z
    .array(z.enum(PAUSE_STAGES))
    .min(1)
    .max(PAUSE_STAGES.length)
    .optional()
    .describe("Stages of ECS's deployment that wait for the approvals once more."),
  deploy: z.array(z.strictObject({ ecs })).min(1).describe("What is deployed."),
});

const filters = {
  branches: z.array(glob).default(["main"]).describe("Branches that start a run; globs."),
  tags: z.array(glob).default([]).describe("Tags that start a run; globs."),
  paths: z
    .array(glob)
    .default([])
    .describe("Changed files that start a run; globs, those with ! exclude and win. Any change otherwise."),
  ignoreAuthors: z
    .array(z.string().min(1).max(320))
    .default([])
    .describe("Authors whose commits start no run: e-mail addresses, or logins at GitHub."),
};

const whether = z.enum(["off", "build-only"]);

/** https://docs.aws.amazon.com/codecommit/latest/APIReference/API_RepositoryMetadata.html */
const codecommit = z
  .strictObject({
    repository: z
      .string()
      .regex(/^[\w.-]+$/, "must be letters, digits, . _ -")
      .max(100),
    ...filters,
    pullRequests: whether
      .default("off")
      .describe("Whether pull requests are built; what comes of it is commented on them."),
    approvalState: z
      .boolean()
      .default(false)
      .describe("Whether a pull request's build also approves it, or takes its approval back."),
  })
  .refine(({ approvalState, pullRequests }) => !approvalState || pullRequests !== "off", {
    path: ["approvalState"],
    message: "needs pullRequests: build-only, or there is nothing to approve",
  });

/** https://docs.github.com/en/rest/repos/repos: an owner has at most 39 characters, a repository 100. */
const github = z.strictObject({
  repository: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[\w.-]{1,100}$/, "must be OWNER/NAME"),
  ...filters,
  pullRequests: whether.default("off").describe("Whether the repository's own pull requests are built."),
  forks: whether
    .default("off")
    .describe("Whether pull requests from forks are built, without push rights and without secrets."),
  releases: z.boolean().default(false).describe("Whether a published release starts a run of its tag."),
  connection: z
    .string()
    .regex(
      /^arn:aws[\w-]*:(?:codeconnections|codestar-connections):[\w-]+:\d{12}:connection\/[\w-]+$/,
      "must be the ARN of a connection",
    )
    .optional()
    .describe("The CodeConnections connection that builds read the repository with."),
});

/** One source, and only one. */
const source = z
  .strictObject({ codecommit: codecommit.optional(), github: github.optional() })
  .refine(
    (value) => (value.codecommit === undefined) !== (value.github === undefined),
    "must name one source: codecommit or github",
  );

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html */
const schedule = z
  .string()
  .regex(
    /^(?:rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)|cron\(\S+(?: \S+){5}\))$/,
    "must be an EventBridge expression, e.g. rate(1 day) or cron(0 3 ? * MON *)",
  );

export const pipelineSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: name.describe("The pipeline; part of its runs' ids."),
    source: source.describe("Where commits come from."),
    mode: z
      .enum(["superseded", "queued", "parallel"])
      .default("superseded")
      .describe("What happens when runs meet."),
    images: z.array(image).min(1).describe("What is built."),
    stages: z.array(stage).default([]).describe("Where it is deployed, one after another."),
    groups: z
      .record(group, z.array(z.string().min(1)).min(1))
      .default({})
      .describe("People of groups that are no IAM role: user or session names."),
    identities: z
      .record(z.string().min(1).max(320), z.array(z.string().trim().min(1).max(500)).min(1))
      .default({})
      .describe(
        "A person's name to the other names of the same person: logins at GitHub, e-mail addresses, ARNs of IAM, ISSUER#SUBJECT.",
      ),
    schedule: z
      .array(schedule)
      .default([])
      .describe("When the first branch's tip is built and delivered anew."),
    rebuildOn: z.array(repository).default([]).describe("ECR repositories whose new images start a run."),
    messages: messages.describe("Who is told of its runs, and of what."),
  })
  .meta({ title: "A Tandem pipeline" });

export type PipelineFile = z.infer<typeof pipelineSchema>;
