import { randomUUID } from "node:crypto";
import { type Input, optionalList, optionalNumber, optionalText, page } from "../input.ts";
import { AwsError, type Operation } from "../service.ts";
import { addVersion, CURRENT, isSameValue, type Secret, type Value, versionWithStage } from "./secret.ts";
import type { Secrets } from "./secrets.ts";

const DEFAULT_RECOVERY_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
const MAXIMUM_VALUE_BYTES = 65_536;
const SECRETS_PER_PAGE = 100;

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html */
export function secretOperations(secrets: Secrets, now: () => number): Readonly<Record<string, Operation>> {
  const live = (input: Input): Secret => {
    const secret = secrets.get(required(input, "SecretId"));
    if (secret.deletedAt === undefined) return secret;
    throw invalidRequest(
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  };
  const put = async (secret: Secret, input: Input, stages: readonly string[]): Promise<string> => {
    const versionId = putVersion(secret, input, stages, now());
    await secrets.save();
    return versionId;
  };
  return {
    CreateSecret: async (input) => {
      const name = required(input, "Name");
      checkName(name);
      const existing = secrets.named(name);
      if (existing !== undefined) return createAgain(existing, input);
      const value = givenValue(input);
      const secret = secrets.add(name, "caller");
      describe(secret, input);
      const versionId = value === undefined ? undefined : await put(secret, input, [CURRENT]);
      await secrets.save();
      return { ARN: secret.arn, Name: name, VersionId: versionId };
    },
    GetSecretValue: async (input) => getValue(live(input), input),
    PutSecretValue: async (input) => {
      const secret = live(input);
      const stages = optionalList(input, "VersionStages").map(String);
      const wanted = stages.length === 0 ? [CURRENT] : stages;
      if (givenValue(input) === undefined)
        throw invalidParameter("You must provide either SecretString or SecretBinary.");
      const versionId = await put(secret, input, wanted);
      return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages: wanted };
    },
    UpdateSecret: async (input) => {
      const secret = live(input);
      describe(secret, input);
      const versionId = givenValue(input) === undefined ? undefined : await put(secret, input, [CURRENT]);
      await secrets.save();
      return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
    },
    DescribeSecret: async (input) => describeJson(secrets.get(required(input, "SecretId"))),
    ListSecrets: async (input) => list(secrets, input),
    DeleteSecret: async (input) => {
      const secret = secrets.get(required(input, "SecretId"));
      const days = optionalNumber(input, "RecoveryWindowInDays");
      if (input.ForceDeleteWithoutRecovery === true) {
        if (days !== undefined)
          throw invalidParameter("You can't use ForceDeleteWithoutRecovery with RecoveryWindowInDays.");
        secrets.remove(secret);
        await secrets.save();
        return { ARN: secret.arn, Name: secret.name, DeletionDate: now() / 1000 };
      }
      if (days !== undefined && (days < 7 || days > 30))
        throw invalidParameter("RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
      secret.deletedAt = now();
      await secrets.save();
      const end = now() + (days ?? DEFAULT_RECOVERY_DAYS) * DAY_MS;
      return { ARN: secret.arn, Name: secret.name, DeletionDate: end / 1000 };
    },
    RestoreSecret: async (input) => {
      const secret = secrets.get(required(input, "SecretId"));
      delete secret.deletedAt;
      await secrets.save();
      return { ARN: secret.arn, Name: secret.name };
    },
  };
}

/** A repeated call with the same token and value is the same call. */
function createAgain(existing: Secret, input: Input) {
  if (existing.deletedAt !== undefined) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const token = optionalText(input, "ClientRequestToken");
  const version = existing.versions.find(({ versionId }) => versionId === token);
  if (version !== undefined && isSameValue(version, givenValue(input) ?? {}))
    return { ARN: existing.arn, Name: existing.name, VersionId: version.versionId };
  throw new AwsError(
    "ResourceExistsException",
    `The operation failed because the secret ${existing.name} already exists.`,
  );
}

/** `ClientRequestToken` is the version's id: the same value under it changes nothing, another one is refused. */
function putVersion(secret: Secret, input: Input, stages: readonly string[], now: number): string {
  const value = givenValue(input) ?? {};
  const versionId = optionalText(input, "ClientRequestToken") ?? randomUUID();
  const existing = secret.versions.find((version) => version.versionId === versionId);
  if (existing !== undefined) {
    if (isSameValue(existing, value)) return versionId;
    throw new AwsError(
      "ResourceExistsException",
      `A version ${versionId} of ${secret.name} already exists with another value: use a new ClientRequestToken.`,
    );
  }
  addVersion(secret, versionId, value, stages, now);
  secret.origin = "caller";
  return versionId;
}

function getValue(secret: Secret, input: Input) {
  const stage = optionalText(input, "VersionStage");
  const id = optionalText(input, "VersionId");
  const version =
    id === undefined
      ? versionWithStage(secret, stage ?? CURRENT)
      : secret.versions.find(({ versionId }) => versionId === id);
  if (version === undefined) {
    const wanted = id === undefined ? `staging label: ${stage ?? CURRENT}` : `VersionId: ${id}`;
    throw new AwsError(
      "ResourceNotFoundException",
      `Secrets Manager can't find the specified secret value for ${wanted}`,
    );
  }
  if (stage !== undefined && !version.stages.includes(stage))
    throw invalidRequest(`You provided a VersionStage that is not associated to the provided VersionId.`);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    SecretString: version.secretString,
    SecretBinary: version.secretBinary,
    VersionStages: version.stages,
    CreatedDate: version.createdAt / 1000,
  };
}

function describeJson(secret: Secret) {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    RotationEnabled: false,
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    DeletedDate: secret.deletedAt === undefined ? undefined : secret.deletedAt / 1000,
    Tags: secret.tags,
    VersionIdsToStages: Object.fromEntries(
      secret.versions.map(({ versionId, stages }) => [versionId, stages]),
    ),
  };
}

/** Filters by name are emulated: a value is the beginning of a name, and `!` turns it around. */
function list(secrets: Secrets, input: Input) {
  const filters = optionalList(input, "Filters").map((filter) => {
    const { Key: key, Values: values } =
      typeof filter === "object" && filter !== null ? asFilter(filter) : {};
    if (key !== "name" || !Array.isArray(values))
      throw invalidParameter("Only filters with the Key name and a list of Values are emulated locally.");
    return values.map(String);
  });
  const matches = ({ name }: Secret): boolean =>
    filters.every((values) =>
      values.some((value) =>
        value.startsWith("!") ? !name.startsWith(value.slice(1)) : name.startsWith(value),
      ),
    );
  const shown = secrets
    .list()
    .filter(({ deletedAt }) => deletedAt === undefined || input.IncludePlannedDeletion === true)
    .filter(matches);
  const size = optionalNumber(input, "MaxResults") ?? SECRETS_PER_PAGE;
  const { items, nextToken } = page(shown, size, optionalText(input, "NextToken"));
  const json = items.map((secret) => {
    const { VersionIdsToStages, ...rest } = describeJson(secret);
    return { ...rest, SecretVersionsToStages: VersionIdsToStages };
  });
  return { SecretList: json, NextToken: nextToken };
}

const asFilter = (filter: object): { readonly Key?: unknown; readonly Values?: unknown } => filter;

function describe(secret: Secret, input: Input): void {
  const description = optionalText(input, "Description");
  const kmsKeyId = optionalText(input, "KmsKeyId");
  if (description !== undefined) secret.description = description;
  if (kmsKeyId !== undefined) secret.kmsKeyId = kmsKeyId;
  for (const tag of optionalList(input, "Tags")) {
    if (typeof tag !== "object" || tag === null || !("Key" in tag) || !("Value" in tag)) continue;
    const Key = String(tag.Key);
    secret.tags = [...secret.tags.filter((one) => one.Key !== Key), { Key, Value: String(tag.Value) }];
  }
}

function givenValue(input: Input): Value | undefined {
  const secretString = optionalText(input, "SecretString");
  const secretBinary = optionalText(input, "SecretBinary");
  if (secretString !== undefined && secretBinary !== undefined)
    throw invalidParameter("You can't specify both a binary secret value and a string secret value.");
  if (Buffer.byteLength(secretString ?? secretBinary ?? "") > MAXIMUM_VALUE_BYTES)
    throw invalidParameter(`A secret value has up to ${MAXIMUM_VALUE_BYTES} bytes.`);
  if (secretString !== undefined) return { secretString };
  return secretBinary === undefined ? undefined : { secretBinary };
}

function checkName(name: string): void {
  if (/^[\w/+=.@-]{1,512}$/.test(name)) return;
  throw invalidParameter(
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
  );
}

function required(input: Input, key: string): string {
  const value = optionalText(input, key);
  if (value !== undefined && value !== "") return value;
  throw invalidParameter(`You must provide a value for the ${key} parameter.`);
}

const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", message);
const invalidRequest = (message: string): AwsError => new AwsError("InvalidRequestException", message);
