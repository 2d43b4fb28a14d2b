import { type Directory, directory } from "../../shared/effects/directory.ts";
import type { TokenRules } from "../../shared/intake/token.ts";
import type { SignInView } from "../../shared/pipeline/api-views.ts";
import type { Access } from "./permission.ts";

/** Who may use the HTTP API, and where people sign in; `custom.people` of serverless.yml says so. */
export interface ApiSettings {
  readonly rules: TokenRules;
  readonly access: Access;
  readonly signIn: SignInView;
  /** Origins that the console's pages talk to beside their own: the issuer's, and that of its pages. */
  readonly signInOrigins: readonly string[];
}

/** @throws Error naming a variable that is missing or wrong */
export function apiSettings(environment: Environment): ApiSettings {
  const need = needOf(environment);
  const token = need("SIGN_IN_TOKEN");
  if (token !== "id_token" && token !== "access_token")
    throw new Error(`custom.people.token in serverless.yml is "${token}": id_token or access_token`);
  const issuer = need("ISSUER");
  const origins = [issuer, need("SIGN_IN_ORIGIN")].filter((address) => address !== "");
  return {
    rules: { token, nameClaim: need("NAME_CLAIM"), groupsClaim: need("GROUPS_CLAIM") },
    access: { readers: list(need("READERS")), operators: list(need("OPERATORS")) },
    signIn: { issuer, clientId: need("CLIENT_ID"), scope: need("SIGN_IN_SCOPE"), token },
    signInOrigins: [...new Set(origins.map((address) => new URL(address).origin))],
  };
}

/** @throws Error naming a variable that is missing */
export function peopleDirectory(environment: Environment): Directory {
  const need = needOf(environment);
  const { AWS_SESSION_TOKEN: sessionToken, AWS_ENDPOINT_URL: endpoint } = environment;
  return directory({
    region: need("AWS_REGION"),
    userPool: need("USER_POOL"),
    credentials: () => ({
      accessKeyId: need("AWS_ACCESS_KEY_ID"),
      secretAccessKey: need("AWS_SECRET_ACCESS_KEY"),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}

type Environment = Readonly<Record<string, string | undefined>>;

const needOf =
  (environment: Environment) =>
  (name: string): string => {
    const value = environment[name];
    if (value === undefined)
      throw new Error(`the function's environment has no ${name}: deploy the stack again`);
    return value;
  };

const list = (text: string): readonly string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
