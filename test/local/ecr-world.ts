import {
  CreateRepositoryCommand,
  type CreateRepositoryCommandInput,
  PutImageCommand,
  type PutImageCommandOutput,
} from "@aws-sdk/client-ecr";
import { type EcrEndpoint, startEcr, temporaryFolder } from "./ecr-endpoint.ts";

/** What the tests of a file share: ECR over a folder of its own, which goes when it is stopped. */
export interface EcrWorld extends EcrEndpoint {
  /** Creates a repository that no other test has. @returns its name */
  newRepository(settings?: Partial<CreateRepositoryCommandInput>): Promise<string>;
  put(
    repositoryName: string,
    imageManifest: string,
    imageTag?: string,
    imageDigest?: string,
  ): Promise<PutImageCommandOutput>;
}

export async function startWorld(): Promise<EcrWorld> {
  const folder = await temporaryFolder();
  const endpoint = await startEcr(folder.path);
  const { client } = endpoint;
  let count = 0;
  return {
    ...endpoint,
    newRepository: async (settings = {}) => {
      count += 1;
      const repositoryName = `team/app-${count}`;
      await client.send(new CreateRepositoryCommand({ repositoryName, ...settings }));
      return repositoryName;
    },
    put: (repositoryName, imageManifest, imageTag, imageDigest) =>
      client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag, imageDigest })),
    stop: async () => {
      await endpoint.stop();
      await folder.remove();
    },
  };
}
