import { createHash } from "node:crypto";
import { z } from "zod";
import type { ApplyResource, LocalContext, TemplateResource } from "../service.ts";
import { type Clients, clientIdOf } from "./clients.ts";

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cognito-userpoolclient.html */
const clientSchema = z.object({
  ClientName: z.string().optional(),
  UserPoolId: z.string(),
  GenerateSecret: z.literal(false, "only public clients are emulated").default(false),
  AllowedOAuthFlows: z.array(z.literal("code", "only the code flow is emulated")).default([]),
  AllowedOAuthScopes: z.array(z.string()).default([]),
  CallbackURLs: z.array(z.string()).default([]),
  LogoutURLs: z.array(z.string()).default([]),
  IdTokenValidity: z.coerce.number().positive().default(60),
  RefreshTokenValidity: z.coerce.number().positive().default(30),
  TokenValidityUnits: z
    .object({ IdToken: z.string().optional(), RefreshToken: z.string().optional() })
    .default({}),
});

const SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

/**
 * Cognito's resource types, as far as the issuer can stand in for them: every user pool is the one issuer of this machine
 * with its own people, and a client of a pool is a client here. Groups that a template declares have no members.
 */
export function cognitoResources(
  { region, accountId }: Pick<LocalContext, "region" | "accountId">,
  issuerUrl: string,
  clients: Clients,
): Readonly<Record<string, ApplyResource>> {
  return {
    "AWS::Cognito::UserPool": async ({ logicalId, properties }) => {
      const name = String(properties.UserPoolName ?? logicalId);
      const id = `${region}_${createHash("sha256").update(name).digest("hex").slice(0, 9)}`;
      return {
        ref: id,
        attributes: {
          Arn: `arn:aws:cognito-idp:${region}:${accountId}:userpool/${id}`,
          ProviderName: issuerUrl.replace(/^https?:\/\//, ""),
          ProviderURL: issuerUrl,
          UserPoolId: id,
        },
      };
    },
    "AWS::Cognito::UserPoolClient": async (resource) => {
      const client = parse(resource);
      const name = client.ClientName ?? resource.logicalId;
      const id = clientIdOf(`${client.UserPoolId} ${name}`);
      const { IdToken = "minutes", RefreshToken = "days" } = client.TokenValidityUnits;
      clients.put({
        id,
        redirectUris: client.CallbackURLs,
        logoutUris: client.LogoutURLs,
        scopes: client.AllowedOAuthScopes,
        tokenSeconds: client.IdTokenValidity * (SECONDS[IdToken] ?? 60),
        refreshSeconds: client.RefreshTokenValidity * (SECONDS[RefreshToken] ?? 86_400),
      });
      return { ref: id, attributes: { ClientId: id, Name: name } };
    },
    "AWS::Cognito::UserPoolDomain": async ({ properties }) => ({
      ref: String(properties.Domain),
      attributes: { CloudFrontDistribution: "" },
    }),
    "AWS::Cognito::UserPoolGroup": async ({ logicalId, properties }) => ({
      ref: String(properties.GroupName ?? logicalId),
      attributes: {},
    }),
  };
}

function parse({ properties }: TemplateResource): z.infer<typeof clientSchema> {
  const parsed = clientSchema.safeParse(properties);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}
