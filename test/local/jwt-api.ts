/** The ARN by which the API's integration names its function. */
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:api";

/** How a route is let through; open to everybody when it says nothing. */
export interface RouteOptions {
  readonly AuthorizationType?: "JWT" | "AWS_IAM";
  readonly AuthorizationScopes?: readonly string[];
}

/**
 * The template of a user pool with a client, and of an HTTP API before one function that takes the pool's tokens.
 * Its output `Client` is the client's id.
 * @param callback where the client may send somebody who has signed in
 * @param routes by route key, e.g. `GET /me`
 */
export const jwtApi = (
  callback: string,
  scopes: readonly string[],
  routes: Readonly<Record<string, RouteOptions>>,
) => ({
  Resources: {
    Pool: { Type: "AWS::Cognito::UserPool", Properties: {} },
    Client: {
      Type: "AWS::Cognito::UserPoolClient",
      Properties: {
        UserPoolId: { Ref: "Pool" },
        AllowedOAuthScopes: scopes,
        CallbackURLs: [callback],
      },
    },
    Api: { Type: "AWS::ApiGatewayV2::Api", Properties: { Name: "api", ProtocolType: "HTTP" } },
    Stage: {
      Type: "AWS::ApiGatewayV2::Stage",
      Properties: { ApiId: { Ref: "Api" }, StageName: "$default" },
    },
    People: {
      Type: "AWS::ApiGatewayV2::Authorizer",
      Properties: {
        ApiId: { Ref: "Api" },
        Name: "people",
        AuthorizerType: "JWT",
        IdentitySource: ["$request.header.Authorization"],
        JwtConfiguration: {
          Audience: [{ Ref: "Client" }],
          Issuer: { "Fn::GetAtt": ["Pool", "ProviderURL"] },
        },
      },
    },
    Function: {
      Type: "AWS::ApiGatewayV2::Integration",
      Properties: {
        ApiId: { Ref: "Api" },
        IntegrationType: "AWS_PROXY",
        IntegrationUri: FUNCTION,
        PayloadFormatVersion: "2.0",
      },
    },
    ...Object.fromEntries(
      Object.entries(routes).map(([routeKey, options], index) => [`Route${index}`, route(routeKey, options)]),
    ),
  },
  Outputs: { Client: { Value: { Ref: "Client" } } },
});

const route = (RouteKey: string, options: RouteOptions) => ({
  Type: "AWS::ApiGatewayV2::Route",
  Properties: {
    ApiId: { Ref: "Api" },
    RouteKey,
    Target: { "Fn::Join": ["/", ["integrations", { Ref: "Function" }]] },
    ...(options.AuthorizationType === "JWT" ? { AuthorizerId: { Ref: "People" } } : {}),
    ...options,
  },
});
