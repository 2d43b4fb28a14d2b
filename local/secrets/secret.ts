import { z } from "zod";

const versionSchema = z.object({
  versionId: z.string(),
  /** `AWSCURRENT`, `AWSPREVIOUS` and labels of one's own. */
  stages: z.array(z.string()),
  secretString: z.string().optional(),
  /** Base64. */
  secretBinary: z.string().optional(),
  /** Milliseconds since the epoch, as all moments here. */
  createdAt: z.number(),
});

export const secretSchema = z.object({
  name: z.string(),
  arn: z.string(),
  description: z.string().optional(),
  kmsKeyId: z.string().optional(),
  tags: z.array(z.object({ Key: z.string(), Value: z.string() })),
  createdAt: z.number(),
  changedAt: z.number(),
  deletedAt: z.number().optional(),
  /** Who gave the value: a template, this emulator at its start, or somebody who calls the API. */
  origin: z.enum(["template", "seed", "caller"]),
  /** What the template said of the value when it was last applied. */
  declared: z.string().optional(),
  versions: z.array(versionSchema),
});

export type Version = z.infer<typeof versionSchema>;
export type Secret = z.infer<typeof secretSchema>;

/** A secret's content: text, or bytes as base64. */
export type Value = Pick<Version, "secretString" | "secretBinary">;

export const CURRENT = "AWSCURRENT";
export const PREVIOUS = "AWSPREVIOUS";

export const isSameValue = (one: Value, other: Value): boolean =>
  one.secretString === other.secretString && one.secretBinary === other.secretBinary;

export function versionWithStage(secret: Secret, stage: string): Version | undefined {
  return secret.versions.find(({ stages }) => stages.includes(stage));
}

/**
 * Adds a version. A label is at one version only: it leaves where it was; the version that was current before becomes
 * the previous one, and a version without a label is gone.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
 */
export function addVersion(
  secret: Secret,
  versionId: string,
  value: Value,
  stages: readonly string[],
  now: number,
): void {
  const moved = stages.includes(CURRENT) ? [...stages, PREVIOUS] : stages;
  const wasCurrent = versionWithStage(secret, CURRENT);
  for (const version of secret.versions) {
    const kept = version.stages.filter((stage) => !moved.includes(stage));
    version.stages = version === wasCurrent && stages.includes(CURRENT) ? [...kept, PREVIOUS] : kept;
  }
  secret.versions = secret.versions.filter((version) => version.stages.length > 0);
  secret.versions.push({ ...value, versionId, stages: [...stages], createdAt: now });
  secret.changedAt = now;
}
