import type { LocalContext, LocalService } from "../service.ts";
import { getAuthorizationToken } from "./api/authorization.ts";
import { batchDeleteImage } from "./api/batch-delete-image.ts";
import { batchGetImage } from "./api/batch-get-image.ts";
import { describeImages, listImages } from "./api/images.ts";
import { completeLayerUpload, initiateLayerUpload, uploadLayerPart } from "./api/layer-uploads.ts";
import { batchCheckLayerAvailability, getDownloadUrlForLayer } from "./api/layers.ts";
import { deleteLifecyclePolicy, getLifecyclePolicy, putLifecyclePolicy } from "./api/lifecycle.ts";
import { getLifecyclePolicyPreview, startLifecyclePolicyPreview } from "./api/lifecycle-preview.ts";
import { putImageOperation } from "./api/put-image.ts";
import {
  createRepository,
  deleteRepository,
  describeRepositories,
  putImageTagMutability,
} from "./api/repositories.ts";
import { describeImageScanFindings } from "./api/scan-findings.ts";
import { applyLifecycle } from "./lifecycle/apply.ts";
import type { Previews } from "./lifecycle/previews.ts";
import { serveRegistry } from "./registry/router.ts";
import { openRegistry } from "./registry.ts";
import { applyRepository } from "./resource.ts";

/**
 * ECR on a laptop: the ECR API, and an OCI distribution registry below `/v2/`, over the same content
 * (kept below `stateDir/ecr`).
 *
 * @throws Error naming the file and the remedy when what is kept there cannot be read
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
 */
export async function createEcr(context: LocalContext): Promise<LocalService> {
  const registry = await openRegistry(context);
  const previews: Previews = new Map();
  return {
    targetPrefix: "AmazonEC2ContainerRegistry_V20150921",
    jsonVersion: "1.1",
    operations: {
      BatchCheckLayerAvailability: batchCheckLayerAvailability(registry),
      BatchDeleteImage: batchDeleteImage(registry),
      BatchGetImage: batchGetImage(registry),
      CompleteLayerUpload: completeLayerUpload(registry),
      CreateRepository: createRepository(registry),
      DeleteLifecyclePolicy: deleteLifecyclePolicy(registry),
      DeleteRepository: deleteRepository(registry),
      DescribeImageScanFindings: describeImageScanFindings(registry),
      DescribeImages: describeImages(registry),
      DescribeRepositories: describeRepositories(registry),
      GetAuthorizationToken: getAuthorizationToken(registry),
      GetDownloadUrlForLayer: getDownloadUrlForLayer(registry),
      GetLifecyclePolicy: getLifecyclePolicy(registry),
      GetLifecyclePolicyPreview: getLifecyclePolicyPreview(registry, previews),
      InitiateLayerUpload: initiateLayerUpload(registry),
      ListImages: listImages(registry),
      PutImage: putImageOperation(registry),
      PutImageTagMutability: putImageTagMutability(registry),
      PutLifecyclePolicy: putLifecyclePolicy(registry),
      StartLifecyclePolicyPreview: startLifecyclePolicyPreview(registry, previews),
      UploadLayerPart: uploadLayerPart(registry),
    },
    resources: { "AWS::ECR::Repository": applyRepository(registry) },
    routes: {
      "/v2/": (request, response) => serveRegistry(registry, request, response),
      "/_local/ecr/lifecycle": applyLifecycle(registry),
    },
    close: () => registry.uploads.close(),
  };
}
