import type { Operation } from "../../service.ts";
import type { Registry } from "../registry.ts";

/** How long a token of ECR's is valid. */
const validMs = 12 * 60 * 60 * 1000;

/**
 * A password for `docker login -u AWS`. The registry on a laptop takes any; this one has the form of a real one.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 */
export function getAuthorizationToken({ context }: Registry): Operation {
  return async (_input, caller) => {
    const expiresAt = (context.now() + validMs) / 1000;
    const password = Buffer.from(JSON.stringify({ caller: caller.arn, expiration: expiresAt })).toString(
      "base64",
    );
    const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
    return { authorizationData: [{ authorizationToken, expiresAt, proxyEndpoint: context.url }] };
  };
}
