import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { LocalContext, Operation } from "../../service.ts";
import { publicPrefix } from "./names.ts";

/** Where the registry's challenge sends those without a good token. */
const tokenPath = `/v2/${publicPrefix}/token`;

/** How long a token of ECR Public's is valid. */
const validMs = 12 * 60 * 60 * 1000;

/**
 * Tokens for the public registry. Requests without any are let in, as everywhere on the laptop; a bearer token that is sent must
 * be good. A password (Basic) is not looked at: `docker login` keeps one for a host, which here is that of both registries.
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 */
export class Tokens {
  readonly #context: Pick<LocalContext, "now" | "registryHost">;
  readonly #key = randomBytes(32);

  constructor(context: Pick<LocalContext, "now" | "registryHost">) {
    this.#context = context;
  }

  readonly getAuthorizationToken: Operation = async () => {
    const expires = this.#context.now() + validMs;
    const password = `${expires}.${this.#sign(String(expires))}`;
    const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
    return { authorizationData: { authorizationToken, expiresAt: expires / 1000 } };
  };

  /** Whether a request may pass; otherwise it has been answered. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const { authorization } = request.headers;
    if (request.url?.startsWith(tokenPath)) this.#exchange(authorization, response);
    else if (authorization === undefined || /^Basic /i.test(authorization) || this.#isGood(authorization))
      return true;
    else this.#refuse(response);
    request.resume();
    return false;
  }

  /** What the challenge leads to: a good password is a bearer token, too. */
  #exchange(authorization = "", response: ServerResponse): void {
    if (!this.#isGood(authorization)) {
      this.#refuse(response);
      return;
    }
    const body = JSON.stringify({ token: authorization.replace(/^\S+ /, "") });
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
    response.end(body);
  }

  #refuse(response: ServerResponse): void {
    const body = JSON.stringify({
      errors: [{ code: "DENIED", message: "Your Authorization Token is invalid." }],
    });
    response.writeHead(401, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "WWW-Authenticate": `Bearer realm="http://${this.#context.registryHost}${tokenPath}",service="public.ecr.aws",scope="aws"`,
    });
    response.end(body);
  }

  #isGood(authorization: string): boolean {
    const [, token = ""] = /^(?:Bearer|Basic) (\S+)$/i.exec(authorization) ?? [];
    const [, expires = "", signature = ""] =
      /^AWS:(\d+)\.([0-9a-f]+)$/.exec(Buffer.from(token, "base64").toString()) ?? [];
    const good = Buffer.from(this.#sign(expires));
    const given = Buffer.from(signature);
    return (
      given.length === good.length && timingSafeEqual(given, good) && Number(expires) > this.#context.now()
    );
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("hex");
  }
}
