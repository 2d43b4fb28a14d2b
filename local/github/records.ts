import { z } from "zod";

/** What GitHub keeps of a repository beside its git objects. Moments are milliseconds since the epoch. */

const statusSchema = z.object({
  id: z.number(),
  sha: z.string(),
  state: z.enum(["error", "failure", "pending", "success"]),
  context: z.string(),
  description: z.string().nullable(),
  targetUrl: z.string().nullable(),
  creator: z.string(),
  createdAt: z.number(),
});

const outputSchema = z.object({
  title: z.string().nullable(),
  summary: z.string().nullable(),
  text: z.string().nullable(),
  annotations: z.number(),
});

const checkRunSchema = z.object({
  id: z.number(),
  sha: z.string(),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullable(),
  detailsUrl: z.string().nullable(),
  externalId: z.string(),
  startedAt: z.string().nullable(),
  completedAt: z.string().nullable(),
  output: outputSchema,
});

const deploymentStatusSchema = z.object({
  id: z.number(),
  state: z.string(),
  description: z.string(),
  environmentUrl: z.string(),
  logUrl: z.string(),
  creator: z.string(),
  createdAt: z.number(),
});

const deploymentSchema = z.object({
  id: z.number(),
  sha: z.string(),
  ref: z.string(),
  task: z.string(),
  payload: z.unknown(),
  environment: z.string(),
  description: z.string().nullable(),
  transient: z.boolean(),
  production: z.boolean(),
  creator: z.string(),
  createdAt: z.number(),
  statuses: z.array(deploymentStatusSchema),
});

const pullSchema = z.object({
  id: z.number(),
  number: z.number(),
  state: z.enum(["open", "closed"]),
  title: z.string(),
  body: z.string().nullable(),
  draft: z.boolean(),
  author: z.string(),
  /** The full name of the repository that the branch is in; another one than this for a fork. */
  headRepository: z.string(),
  headRef: z.string(),
  headSha: z.string(),
  baseRef: z.string(),
  baseSha: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  closedAt: z.number().nullable(),
  mergedAt: z.number().nullable(),
});

const releaseSchema = z.object({
  id: z.number(),
  tag: z.string(),
  target: z.string(),
  name: z.string().nullable(),
  body: z.string().nullable(),
  draft: z.boolean(),
  prerelease: z.boolean(),
  author: z.string(),
  createdAt: z.number(),
  publishedAt: z.number().nullable(),
});

const hookSchema = z.object({
  id: z.number(),
  /** Where it delivers to; the address and the secret that the stand-in was started with when it is absent. */
  target: z.object({ url: z.string(), secret: z.string().optional() }).optional(),
  contentType: z.enum(["json", "form"]),
  events: z.array(z.string()),
  active: z.boolean(),
  createdAt: z.number(),
});

export const recordsSchema = z.object({
  /** Of the ids of everything below. */
  nextId: z.number(),
  /** Of pull requests. */
  nextNumber: z.number(),
  statuses: z.array(statusSchema),
  checkRuns: z.array(checkRunSchema),
  deployments: z.array(deploymentSchema),
  pulls: z.array(pullSchema),
  releases: z.array(releaseSchema),
  hooks: z.array(hookSchema),
});

export type StatusRecord = z.infer<typeof statusSchema>;
export type CheckRunRecord = z.infer<typeof checkRunSchema>;
export type DeploymentRecord = z.infer<typeof deploymentSchema>;
export type DeploymentStatusRecord = z.infer<typeof deploymentStatusSchema>;
export type PullRecord = z.infer<typeof pullSchema>;
export type ReleaseRecord = z.infer<typeof releaseSchema>;
export type HookRecord = z.infer<typeof hookSchema>;
export type RecordsData = z.infer<typeof recordsSchema>;
