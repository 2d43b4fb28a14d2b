import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";

const FUNCTION = `
export const handler = async (event) => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ path: event.rawPath, caller: event.requestContext.authorizer.iam.userArn }),
});
`;

const TEMPLATE = {
  Resources: {
    ApiLambdaFunction: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "shop-api",
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Role: { "Fn::GetAtt": ["Role", "Arn"] },
        Code: {
          S3Bucket: { Ref: "ServerlessDeploymentBucket" },
          S3Key: "serverless/shop/dev/1-2026/api.zip",
        },
        Environment: { Variables: { TABLE: { Ref: "Table" } } },
      },
    },
    ServerlessDeploymentBucket: { Type: "AWS::S3::Bucket" },
    Role: { Type: "AWS::IAM::Role" },
    Topic: { Type: "AWS::Kinesis::Stream" },
    Table: {
      Type: "AWS::DynamoDB::Table",
      Properties: {
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      },
    },
    HttpApi: { Type: "AWS::ApiGatewayV2::Api", Properties: { Name: "shop", ProtocolType: "HTTP" } },
    Stage: {
      Type: "AWS::ApiGatewayV2::Stage",
      Properties: { ApiId: { Ref: "HttpApi" }, StageName: "$default", AutoDeploy: true },
    },
    Integration: {
      Type: "AWS::ApiGatewayV2::Integration",
      Properties: {
        ApiId: { Ref: "HttpApi" },
        IntegrationType: "AWS_PROXY",
        IntegrationUri: { "Fn::GetAtt": ["ApiLambdaFunction", "Arn"] },
        PayloadFormatVersion: "2.0",
      },
    },
    Permission: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        FunctionName: { "Fn::GetAtt": ["ApiLambdaFunction", "Arn"] },
        Action: "lambda:InvokeFunction",
        Principal: "apigateway.amazonaws.com",
        SourceArn: {
          "Fn::Join": [
            "",
            [
              "arn:aws:execute-api:",
              { Ref: "AWS::Region" },
              ":",
              { Ref: "AWS::AccountId" },
              ":",
              { Ref: "HttpApi" },
              "/*",
            ],
          ],
        },
      },
    },
    Route: {
      Type: "AWS::ApiGatewayV2::Route",
      Properties: {
        ApiId: { Ref: "HttpApi" },
        RouteKey: "GET /api/{proxy+}",
        AuthorizationType: "AWS_IAM",
        Target: { "Fn::Join": ["/", ["integrations", { Ref: "Integration" }]] },
      },
    },
  },
};

/** A project that has been packaged: one function behind an HTTP API, a table, and a type that nothing emulates. */
export interface PackagedProject {
  readonly folder: string;
  /** Replaces the packager by this program, and makes the sources newer than the package. */
  makeStale(packager: string): Promise<void>;
  remove(): Promise<void>;
}

/** @param edit changes the template before it is written */
export async function packagedProject(
  edit: (template: typeof TEMPLATE) => unknown = (same) => same,
): Promise<PackagedProject> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-project-"));
  const packaged = join(folder, ".serverless");
  await mkdir(packaged);
  await writeFile(join(folder, "serverless.yml"), "service: shop\n");
  await utimes(join(folder, "serverless.yml"), 1, 1);
  await writeFile(join(packaged, "api.zip"), zipSync({ "index.mjs": strToU8(FUNCTION) }));
  await writeFile(
    join(packaged, "serverless-state.json"),
    JSON.stringify({ service: { service: "shop", provider: { stage: "dev" } } }),
  );
  await writeFile(
    join(packaged, "cloudformation-template-update-stack.json"),
    JSON.stringify(edit(structuredClone(TEMPLATE))),
  );
  return {
    folder,
    makeStale: async (packager) => {
      const program = join(folder, "node_modules", "serverless", "bin");
      await mkdir(program, { recursive: true });
      await writeFile(join(program, "serverless.js"), packager);
      await mkdir(join(folder, "functions"));
      await utimes(join(packaged, "cloudformation-template-update-stack.json"), 1, 1);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
