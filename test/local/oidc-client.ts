import { createHash, randomBytes } from "node:crypto";
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { z } from "zod";
import type { PlatformEndpoint } from "./platform-endpoint.ts";

/** A relying party as any OpenID Connect library would be one: discovery, code flow with PKCE, and nothing of Tandem's. */

const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  revocation_endpoint: z.string(),
  end_session_endpoint: z.string(),
  jwks_uri: z.string(),
});

export const tokensSchema = z.object({
  id_token: z.string(),
  access_token: z.string(),
  refresh_token: z.string().optional(),
  token_type: z.literal("Bearer"),
  expires_in: z.number(),
});

export type Tokens = z.infer<typeof tokensSchema>;

/** An output of the stack that the endpoint has created. */
export async function stackOutput(platform: PlatformEndpoint, name: string): Promise<string> {
  const aws = new CloudFormation(platform.sdk());
  try {
    const { Stacks } = await aws.describeStacks({ StackName: "main" });
    const output = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === name);
    if (output?.OutputValue === undefined) throw new Error(`the stack has no output ${name}`);
    return output.OutputValue;
  } finally {
    aws.destroy();
  }
}

export class OidcClient {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly verifier = randomBytes(32).toString("base64url");
  readonly metadata: z.infer<typeof metadataSchema>;

  private constructor(clientId: string, redirectUri: string, metadata: z.infer<typeof metadataSchema>) {
    this.clientId = clientId;
    this.redirectUri = redirectUri;
    this.metadata = metadata;
  }

  static async discover(issuer: string, clientId: string, redirectUri: string): Promise<OidcClient> {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`);
    return new OidcClient(clientId, redirectUri, metadataSchema.parse(await response.json()));
  }

  parameters(change: Readonly<Record<string, string | undefined>> = {}): URLSearchParams {
    const all = {
      response_type: "code",
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      scope: "openid email profile",
      state: "the state",
      nonce: "the nonce",
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...change,
    };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(all)) if (value !== undefined) query.set(name, value);
    return query;
  }

  /** What the authorization endpoint answers; redirects are not followed. */
  authorize(change: Readonly<Record<string, string | undefined>> = {}, cookie?: string): Promise<Response> {
    return fetch(`${this.metadata.authorization_endpoint}?${this.parameters(change)}`, {
      redirect: "manual",
      ...(cookie === undefined ? {} : { headers: { cookie } }),
    });
  }

  /** The sign-in page's form, as a browser would send it. */
  async submit(
    username: string,
    password: string,
    change: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Response> {
    const page = await (await this.authorize(change)).text();
    const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1];
    if (action === undefined) throw new Error(`the page has no form: ${page}`);
    const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)];
    const form = new URLSearchParams();
    for (const [, name = "", value = ""] of hidden) form.set(name, unescaped(value));
    form.set("username", username);
    form.set("password", password);
    return fetch(new URL(action, this.metadata.issuer), { method: "POST", body: form, redirect: "manual" });
  }

  /** Where the browser is sent. */
  location(response: Response): URL {
    return new URL(response.headers.get("location") ?? "missing:location");
  }

  ask(form: Readonly<Record<string, string>>): Promise<Response> {
    const body = new URLSearchParams({ client_id: this.clientId, ...form });
    return fetch(this.metadata.token_endpoint, { method: "POST", body });
  }

  exchange(code: string, change: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.ask({
      grant_type: "authorization_code",
      code,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
      ...change,
    });
  }

  async code(username: string): Promise<string> {
    return this.location(await this.submit(username, username)).searchParams.get("code") ?? "";
  }

  async signIn(username: string): Promise<Tokens> {
    const response = await this.exchange(await this.code(username));
    return tokensSchema.parse(await response.json());
  }
}

const unescaped = (text: string): string =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
