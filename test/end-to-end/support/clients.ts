import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuild } from "@aws-sdk/client-codebuild";
import { CodeCommit } from "@aws-sdk/client-codecommit";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { ECR } from "@aws-sdk/client-ecr";
import { ECS } from "@aws-sdk/client-ecs";
import { Lambda } from "@aws-sdk/client-lambda";
import { REGION } from "./local-up.ts";

export type Person = "alice" | "bob" | "carol" | "mallory";

// The SDK's advice on this process's own version of Node is no finding of a test.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

/** Unmodified AWS clients, signing as a person. */
export function awsClients(endpoint: string, person: Person = "alice") {
  const credentials = { accessKeyId: person, secretAccessKey: person };
  const settings = { endpoint, region: REGION, credentials, maxAttempts: 1 };
  return {
    cloudFormation: new CloudFormation(settings),
    cloudWatch: new CloudWatch(settings),
    codeBuild: new CodeBuild(settings),
    codeCommit: new CodeCommit(settings),
    dynamoDb: new DynamoDB(settings),
    ecr: new ECR(settings),
    ecs: new ECS(settings),
    lambda: new Lambda(settings),
    logs: new CloudWatchLogs(settings),
  };
}

export type AwsClients = ReturnType<typeof awsClients>;

/** Closes their connections, which would keep the test's process alive. */
export function closeClients(clients: AwsClients): void {
  for (const client of Object.values(clients)) client.destroy();
}
