import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { CodeBuild } from "@aws-sdk/client-codebuild";
import { CodeCommit } from "@aws-sdk/client-codecommit";
import { ECS } from "@aws-sdk/client-ecs";
import { TandemApi } from "../cli/api.ts";
import { signAs } from "../cli/sign.ts";

/** Everything the demo asks, over HTTP, as anybody would: unmodified AWS clients and the HTTP API. */
export interface Clients {
  readonly cloudFormation: CloudFormation;
  readonly codeBuild: CodeBuild;
  readonly codeCommit: CodeCommit;
  readonly ecs: ECS;
  /** Signed by alice, a release manager. */
  readonly tandem: TandemApi;
  close(): void;
}

/** People of the local endpoint; a name is its own secret. */
export const APPROVER = "alice";
export const DEVELOPER = "carol";

export function createClients(url: string, signal: AbortSignal): Clients {
  const region = process.env.AWS_REGION ?? "us-east-1";
  const credentials = { accessKeyId: APPROVER, secretAccessKey: APPROVER };
  const settings = { endpoint: url, region, credentials, maxAttempts: 1 };
  const clients = {
    cloudFormation: new CloudFormation(settings),
    codeBuild: new CodeBuild(settings),
    codeCommit: new CodeCommit(settings),
    ecs: new ECS(settings),
  };
  const sign = signAs(region, async () => credentials);
  return {
    ...clients,
    tandem: new TandemApi({ url, local: true }, sign, signal),
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
