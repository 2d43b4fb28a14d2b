import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DescribeImagesCommand,
  type ECRClient,
  GetDownloadUrlForLayerCommand,
  GetLifecyclePolicyCommand,
  PutImageCommand,
} from "@aws-sdk/client-ecr";
import { ECRPUBLICClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr-public";
import { type EcrEndpoint, startEcr, temporaryFolder } from "../local/ecr-endpoint.ts";
import { pushBlob, putManifest } from "../local/registry-content.ts";
import { type Bytes, configText } from "../pipeline/images.ts";
import type { Provided } from "./fakes.ts";

/** The local ECR and ECR Public, as the effects reach them: through the SDK, over HTTP. */
export interface LocalEcr extends EcrEndpoint {
  readonly ecr: NonNullable<Provided["ecr"]>;
  readonly ecrPublic: NonNullable<Provided["ecrPublic"]>;
  readonly publicClient: ECRPUBLICClient;
  close(): Promise<void>;
}

export async function openLocalEcr(): Promise<LocalEcr> {
  const folder = await temporaryFolder();
  const endpoint = await startEcr(folder.path);
  const publicClient = new ECRPUBLICClient({
    endpoint: endpoint.url,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });
  return {
    ...endpoint,
    ecr: ecrOf(endpoint.client),
    ecrPublic: {
      getAuthorizationToken: (input) => publicClient.send(new GetAuthorizationTokenCommand(input)),
    },
    publicClient,
    close: async () => {
      publicClient.destroy();
      await endpoint.stop();
      await folder.remove();
    },
  };
}

/** The operations of ECR that the effects use. */
export function ecrOf(client: ECRClient): NonNullable<Provided["ecr"]> {
  return {
    batchGetImage: (input) => client.send(new BatchGetImageCommand(input)),
    putImage: (input) => client.send(new PutImageCommand(input)),
    getDownloadUrlForLayer: (input) => client.send(new GetDownloadUrlForLayerCommand(input)),
    describeImages: (input) => client.send(new DescribeImagesCommand(input)),
    getLifecyclePolicy: (input) => client.send(new GetLifecyclePolicyCommand(input)),
  };
}

export async function createRepository(
  { client }: EcrEndpoint,
  repositoryName: string,
  settings: Partial<CreateRepositoryCommand["input"]> = {},
): Promise<string> {
  await client.send(new CreateRepositoryCommand({ repositoryName, ...settings }));
  return repositoryName;
}

/** Pushes manifests by digest, children first, as builds do; and the configurations of all platforms. */
export async function push(url: string, repository: string, ...manifests: readonly Bytes[]): Promise<void> {
  const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
  for (const text of ["provenance", "sbom", ...platforms.map((platform) => configText(platform))]) {
    await pushBlob(url, repository, text);
  }
  for (const { text, digest } of manifests) {
    const response = await putManifest(url, repository, digest, text);
    if (response.status !== 201) throw new Error(`${digest}: ${response.status} ${await response.text()}`);
  }
}
