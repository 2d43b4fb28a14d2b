import { createHash } from "node:crypto";
import { z } from "zod";
import type { ApplyResource, LocalContext, TemplateResource } from "../service.ts";
import type { JwtAuthorizer } from "./jwt.ts";
import { bySpecificity, matchRoute, parseRouteKey, type RouteKey, segmentsOf } from "./routes.ts";

/** The HTTP APIs of the templates, by their parts. */

const apiSchema = z.object({
  Name: z.string().optional(),
  ProtocolType: z.literal("HTTP", "only HTTP APIs are emulated"),
});

const integrationSchema = z.object({
  ApiId: z.string(),
  IntegrationType: z.literal("AWS_PROXY", "only AWS_PROXY integrations are emulated"),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal("2.0", "only payload format 2.0 is emulated"),
  TimeoutInMillis: z.coerce.number().int().min(50).max(30_000).default(30_000),
});

const routeSchema = z.object({
  ApiId: z.string(),
  RouteKey: z.string(),
  AuthorizationType: z
    .enum(["NONE", "AWS_IAM", "JWT"], "only NONE, AWS_IAM and JWT are emulated")
    .default("NONE"),
  AuthorizerId: z.string().optional(),
  AuthorizationScopes: z.array(z.string()).default([]),
  Target: z.string(),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-authorizer.html */
const authorizerSchema = z.object({
  ApiId: z.string(),
  Name: z.string(),
  AuthorizerType: z.literal("JWT", "only JWT authorizers are emulated"),
  IdentitySource: z.tuple(
    [z.literal("$request.header.Authorization", "only $request.header.Authorization is emulated")],
    "must be one source",
  ),
  JwtConfiguration: z.object({ Audience: z.array(z.string()).min(1), Issuer: z.url() }),
});

const stageSchema = z.object({
  ApiId: z.string(),
  StageName: z.string(),
  StageVariables: z.record(z.string(), z.string()).optional(),
});

type Access = Pick<z.infer<typeof routeSchema>, "AuthorizationType" | "AuthorizerId" | "AuthorizationScopes">;

/** Where a route leads. */
export interface Integration {
  readonly functionArn: string;
  readonly timeoutMs: number;
}

/** What a route asks of its callers. */
export type Authorization =
  | { readonly type: "none" }
  | { readonly type: "iam" }
  | { readonly type: "jwt"; readonly authorizer: JwtAuthorizer; readonly scopes: readonly string[] };

interface Route {
  readonly apiId: string;
  readonly key: RouteKey;
  readonly authorization: Authorization;
  readonly integrationId: string;
}

interface Stage {
  readonly apiId: string;
  readonly name: string;
  readonly variables: Readonly<Record<string, string>> | undefined;
}

/** A request's route, integration and stage. */
export interface Found {
  readonly apiId: string;
  readonly stage: Stage;
  readonly routeKey: string;
  readonly authorization: Authorization;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly integration: Integration;
}

/** An id like those of API Gateway, the same for the same name. */
const idOf = (text: string): string => {
  const hash = BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 16)}`);
  return hash.toString(36).padStart(10, "0").slice(0, 10);
};

export class Apis {
  readonly #context: Pick<LocalContext, "url">;
  readonly #integrations = new Map<string, Integration>();
  readonly #authorizers = new Map<string, JwtAuthorizer>();
  readonly #routes = new Map<string, Route>();
  readonly #stages = new Map<string, Stage>();

  constructor(context: Pick<LocalContext, "url">) {
    this.#context = context;
  }

  /** The creators of the `AWS::ApiGatewayV2` resource types. */
  get resources(): Readonly<Record<string, ApplyResource>> {
    return {
      "AWS::ApiGatewayV2::Api": async (resource) => {
        const { Name } = parse(apiSchema, resource);
        const id = idOf(Name ?? resource.logicalId);
        return { ref: id, attributes: { ApiId: id, ApiEndpoint: this.#context.url } };
      },
      "AWS::ApiGatewayV2::Integration": async (resource) => {
        const { ApiId, IntegrationUri, TimeoutInMillis } = parse(integrationSchema, resource);
        const id = idOf(`${ApiId}/integrations/${resource.logicalId}`);
        this.#integrations.set(id, { functionArn: functionArn(IntegrationUri), timeoutMs: TimeoutInMillis });
        return { ref: id, attributes: { IntegrationId: id } };
      },
      "AWS::ApiGatewayV2::Authorizer": async (resource) => {
        const { ApiId, Name, JwtConfiguration } = parse(authorizerSchema, resource);
        const id = idOf(`${ApiId}/authorizers/${Name}`);
        this.#authorizers.set(id, { issuer: JwtConfiguration.Issuer, audience: JwtConfiguration.Audience });
        return { ref: id, attributes: { AuthorizerId: id } };
      },
      "AWS::ApiGatewayV2::Route": async (resource) => {
        const { ApiId, RouteKey, Target, ...access } = parse(routeSchema, resource);
        const id = idOf(`${ApiId}/routes/${RouteKey}`);
        const integrationId = Target.replace(/^integrations\//, "");
        const key = parseRouteKey(RouteKey);
        this.#routes.set(id, {
          apiId: ApiId,
          key,
          authorization: this.#authorization(access),
          integrationId,
        });
        return { ref: id, attributes: { RouteId: id } };
      },
      "AWS::ApiGatewayV2::Stage": async (resource) => {
        const { ApiId, StageName, StageVariables } = parse(stageSchema, resource);
        this.#stages.set(`${ApiId}/${StageName}`, {
          apiId: ApiId,
          name: StageName,
          variables: StageVariables,
        });
        return { ref: StageName, attributes: {} };
      },
      // One revision of the API is always the deployed one.
      "AWS::ApiGatewayV2::Deployment": async (resource) => ({
        ref: idOf(resource.logicalId),
        attributes: { DeploymentId: idOf(resource.logicalId) },
      }),
    };
  }

  #authorization(access: Access): Authorization {
    const { AuthorizationType, AuthorizerId, AuthorizationScopes: scopes } = access;
    switch (AuthorizationType) {
      case "NONE":
        return { type: "none" };
      case "AWS_IAM":
        return { type: "iam" };
      case "JWT": {
        const authorizer = this.#authorizers.get(AuthorizerId ?? "");
        if (authorizer === undefined) throw new Error("AuthorizerId: names no authorizer of the API");
        return { type: "jwt", authorizer, scopes };
      }
    }
  }

  /** Finds what takes a request. Named stages are the first segment of the path, `$default` has none. */
  find(method: string, path: string): Found | undefined {
    const segments = segmentsOf(path);
    for (const stage of this.#stages.values()) {
      const named = stage.name !== "$default";
      if (named && segments[0] !== stage.name) continue;
      const found = this.#route(stage, method, named ? segments.slice(1) : segments);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #route(stage: Stage, method: string, segments: readonly string[]): Found | undefined {
    const routes = [...this.#routes.values()].filter(({ apiId }) => apiId === stage.apiId);
    for (const route of routes.sort((a, b) => bySpecificity(a.key, b.key))) {
      const pathParameters = matchRoute(route.key, method, segments);
      const integration = this.#integrations.get(route.integrationId);
      if (pathParameters !== undefined && integration !== undefined)
        return {
          apiId: route.apiId,
          stage,
          routeKey: route.key.key,
          authorization: route.authorization,
          pathParameters,
          integration,
        };
    }
    return undefined;
  }
}

/** An integration names the function's ARN, alone or within the address of Lambda's Invoke. */
const functionArn = (uri: string): string => /functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri;

function parse<Schema extends z.ZodType>(schema: Schema, { properties }: TemplateResource): z.infer<Schema> {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}
