import type { LocalContext, LocalService } from "../../service.ts";
import { batchDeleteImage } from "../api/batch-delete-image.ts";
import { describeImages } from "../api/images.ts";
import { completeLayerUpload, initiateLayerUpload, uploadLayerPart } from "../api/layer-uploads.ts";
import { batchCheckLayerAvailability } from "../api/layers.ts";
import { putImageOperation } from "../api/put-image.ts";
import { serveRegistry } from "../registry/router.ts";
import { openRegistry } from "../registry.ts";
import { keyOf, publicPrefix } from "./names.ts";
import {
  createRepository,
  deleteRepository,
  describeRegistries,
  describeRepositories,
} from "./repositories.ts";
import { Tokens } from "./token.ts";

/**
 * ECR Public on a laptop: its API, which can describe images but not read their manifests, and its registry below
 * `/v2/public.ecr.aws/`. Tags always move, and nothing is said on the bus.
 *
 * @throws Error naming the file and the remedy when what is kept in `stateDir/ecr-public` cannot be read
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/Welcome.html
 */
export async function createEcrPublic(context: LocalContext): Promise<LocalService> {
  const registry = await openRegistry({ ...context, emit: () => undefined }, { folder: "ecr-public", keyOf });
  const tokens = new Tokens(context);
  return {
    targetPrefix: "SpencerFrontendService",
    jsonVersion: "1.1",
    operations: {
      BatchCheckLayerAvailability: batchCheckLayerAvailability(registry),
      BatchDeleteImage: batchDeleteImage(registry),
      CompleteLayerUpload: completeLayerUpload(registry),
      CreateRepository: createRepository(registry),
      DeleteRepository: deleteRepository(registry),
      DescribeImages: describeImages(registry),
      DescribeRegistries: describeRegistries(registry),
      DescribeRepositories: describeRepositories(registry),
      GetAuthorizationToken: tokens.getAuthorizationToken,
      InitiateLayerUpload: initiateLayerUpload(registry),
      PutImage: putImageOperation(registry),
      UploadLayerPart: uploadLayerPart(registry),
    },
    routes: {
      [`/v2/${publicPrefix}/`]: async (request, response) => {
        if (tokens.admits(request, response)) await serveRegistry(registry, request, response);
      },
    },
    close: () => registry.uploads.close(),
  };
}
