import type { LocalService } from "../service.ts";
import { secretOperations } from "./operations.ts";
import { applySecret, type Seeds } from "./resource.ts";
import { Secrets, type SecretsContext } from "./secrets.ts";

export interface SecretsOptions {
  /**
   * What a secret of the template is filled with, by its name, as long as nobody has put a value of their own: where a
   * person would put what another system has told them, the emulator knows it.
   */
  readonly seed?: Seeds;
}

/**
 * Secrets Manager, without rotation and without KMS: the state folder holds the values as they are.
 * @throws StateError naming the file when the stored state cannot be read
 */
export async function createSecrets(
  context: SecretsContext,
  options: SecretsOptions = {},
): Promise<LocalService> {
  const secrets = await Secrets.open(context);
  return {
    targetPrefix: "secretsmanager",
    jsonVersion: "1.1",
    operations: secretOperations(secrets, context.now),
    resources: { "AWS::SecretsManager::Secret": applySecret(secrets, options.seed ?? {}, context.now) },
    close: async () => {},
  };
}
