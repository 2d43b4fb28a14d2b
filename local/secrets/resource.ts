import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { ApplyResource } from "../service.ts";
import { generateSchema, generateSecretString } from "./generate.ts";
import { addVersion, CURRENT, isSameValue, type Secret, type Value, versionWithStage } from "./secret.ts";
import type { Secrets } from "./secrets.ts";

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html */
const propertiesSchema = z.object({
  Name: z.string().optional(),
  Description: z.string().optional(),
  KmsKeyId: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: z.unknown().optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
});

type Properties = z.output<typeof propertiesSchema>;

/** What this emulator fills secrets with, by the secret's name. */
export type Seeds = Readonly<Record<string, () => string>>;

/**
 * Creates a secret, or updates the one of this name. A value that somebody has put stays, unless the template's own has
 * changed, as with CloudFormation. A secret that has a seed is filled with it as long as nobody has put a value.
 */
export function applySecret(secrets: Secrets, seeds: Seeds, now: () => number): ApplyResource {
  return async ({ logicalId, properties }) => {
    const parsed = propertiesSchema.safeParse(properties);
    if (!parsed.success)
      throw new Error(`${logicalId} (AWS::SecretsManager::Secret): ${reasons(parsed.error)}`);
    const wanted = parsed.data;
    if (wanted.SecretString !== undefined && wanted.GenerateSecretString !== undefined)
      throw new Error(`${logicalId}: SecretString and GenerateSecretString cannot be given together`);
    const name = wanted.Name ?? logicalId;
    const secret = secrets.named(name) ?? secrets.add(name, "template");
    delete secret.deletedAt;
    if (wanted.Description !== undefined) secret.description = wanted.Description;
    if (wanted.KmsKeyId !== undefined) secret.kmsKeyId = wanted.KmsKeyId;
    secret.tags = wanted.Tags;
    fill(secret, seeds[name], wanted, now());
    await secrets.save();
    return { ref: secret.arn, attributes: { Id: secret.arn } };
  };
}

function fill(secret: Secret, seed: (() => string) | undefined, wanted: Properties, now: number): void {
  const declared = JSON.stringify([wanted.SecretString ?? null, wanted.GenerateSecretString ?? null]);
  if (secret.origin !== "caller" && seed !== undefined) {
    setValue(secret, { secretString: seed() }, now);
    secret.origin = "seed";
  } else if (secret.declared !== declared && secret.origin !== "seed") {
    const value = declaredValue(secret.name, wanted);
    if (value !== undefined) setValue(secret, value, now);
    if (value !== undefined) secret.origin = "template";
  }
  secret.declared = declared;
}

function declaredValue(name: string, wanted: Properties): Value | undefined {
  if (wanted.SecretString !== undefined) return { secretString: wanted.SecretString };
  if (wanted.GenerateSecretString === undefined) return undefined;
  const options = generateSchema.safeParse(wanted.GenerateSecretString);
  if (!options.success) throw new Error(`GenerateSecretString of ${name}: ${reasons(options.error)}`);
  return { secretString: generateSecretString(options.data) };
}

function setValue(secret: Secret, value: Value, now: number): void {
  const current = versionWithStage(secret, CURRENT);
  if (current !== undefined && isSameValue(current, value)) return;
  addVersion(secret, randomUUID(), value, [CURRENT], now);
}

const reasons = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
