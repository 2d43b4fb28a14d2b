import { type AwsHttp, awsHttp } from "../shared/effects/aws-http.ts";
import type { SignedPost } from "../shared/store/dynamo-http.ts";
import { awsRequest } from "./aws-request.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** AWS for functions that have to load in a few milliseconds. */
export interface LightAws {
  /** A variable of the function's environment. @throws Error when there is none */
  readonly variable: (name: string) => string;
  readonly post: SignedPost;
  readonly http: AwsHttp;
}

export function lightAws(environment: Environment, now: () => number): LightAws {
  const variable = (name: string) => {
    const value = environment[name];
    if (value === undefined)
      throw new Error(`the function's environment has no ${name}: deploy the stack again`);
    return value;
  };
  // Lambda's own credentials stand in the environment, and stay the same as long as the process lives.
  const sessionToken = environment.AWS_SESSION_TOKEN;
  const keys = {
    accessKeyId: variable("AWS_ACCESS_KEY_ID"),
    secretAccessKey: variable("AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
  const endpoint = environment.AWS_ENDPOINT_URL;
  const post = awsRequest({
    region: variable("AWS_REGION"),
    credentials: () => keys,
    now,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  return { variable, post, http: awsHttp(post) };
}
