import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { z } from "zod";
import { personFromArn } from "../../shared/intake/caller.ts";
import { type NoPerson, personFromClaims, type TokenRules } from "../../shared/intake/token.ts";
import type { Person } from "../../shared/pipeline/identities.ts";

/** Who asks, and what stands for it. */
export interface Caller {
  readonly person: Person;
  /** `iam`: a signature, so that an IAM policy has let them in; `jwt`: a token of the issuer. */
  readonly by: "iam" | "jwt";
  /** The address that the request came from. */
  readonly from: string;
}

/** From where a decision came, as the record keeps it. */
export const placeOf = ({ by, from }: Caller): string => `${by} ${from}`;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
const authorizerSchema = z.object({
  requestContext: z.object({
    authorizer: z
      .object({
        iam: z.object({ userArn: z.string() }).optional(),
        jwt: z.object({ claims: z.record(z.string(), z.unknown()) }).optional(),
      })
      .optional(),
    http: z.object({ sourceIp: z.string() }),
  }),
});

/** What the route's authorizer has found; it lets nobody else through. */
export function callerOf(event: APIGatewayProxyEventV2, rules: TokenRules): Caller | NoPerson {
  const parsed = authorizerSchema.safeParse(event);
  const authorizer = parsed.data?.requestContext.authorizer;
  const from = parsed.data?.requestContext.http.sourceIp ?? "";
  if (authorizer?.iam !== undefined)
    return { person: personFromArn(authorizer.iam.userArn), by: "iam", from };
  if (authorizer?.jwt === undefined)
    return { refused: "sign the request with AWS Signature Version 4, or send a token of the issuer" };
  const person = personFromClaims(authorizer.jwt.claims, rules);
  return "refused" in person ? person : { person, by: "jwt", from };
}
