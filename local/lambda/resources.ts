import { z } from "zod";
import type { ApplyResource, LocalContext, TemplateResource } from "../service.ts";
import { functionNameOf, parseFunction, parseInvokeConfig, parseProperties } from "./configuration.ts";
import type { Functions } from "./functions.ts";
import { unpackCode } from "./package-code.ts";

/** Where the deployment package of a function is: the path of its zip file. */
export type Artifacts = (
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
) => string | Promise<string>;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html */
const permissionSchema = z.object({
  FunctionName: z.string(),
  Action: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
});

const versionSchema = z.object({ FunctionName: z.string() });

/** The CloudFormation resource types of Lambda that exist locally. */
export function lambdaResources(
  context: LocalContext,
  functions: Functions,
  artifacts: Artifacts,
  root: string,
): Readonly<Record<string, ApplyResource>> {
  return {
    "AWS::Lambda::Function": async (resource) => {
      const configuration = parseFunction(resource, context);
      const zip = await artifacts(resource.logicalId, resource.properties);
      const code = await unpackCode(root, configuration.name, zip);
      functions.deploy(configuration, code);
      return { ref: configuration.name, attributes: { Arn: configuration.arn } };
    },
    // There is one version of a function locally, and everything that names a published one means it.
    "AWS::Lambda::Version": async (resource) => {
      const { configuration } = functions.find(parseProperties(versionSchema, resource).FunctionName);
      const functionArn = `${configuration.arn}:$LATEST`;
      return { ref: functionArn, attributes: { Version: "$LATEST", FunctionArn: functionArn } };
    },
    "AWS::Lambda::Permission": async (resource: TemplateResource) => {
      const { FunctionName, Principal, SourceArn } = parseProperties(permissionSchema, resource);
      functions.permit(FunctionName, {
        principal: Principal,
        ...(SourceArn === undefined ? {} : { sourceArn: SourceArn }),
      });
      return { ref: resource.logicalId, attributes: { Id: resource.logicalId } };
    },
    "AWS::Lambda::EventInvokeConfig": async (resource) => {
      const { functionName, ...configuration } = parseInvokeConfig(resource);
      functions.configureInvoke(functionName, configuration);
      return { ref: `${functionNameOf(functionName)}|$LATEST`, attributes: {} };
    },
  };
}
