import type { EventDraft } from "../service.ts";
import type { StoredImage } from "./repository.ts";

/**
 * The event that EventBridge gets when an image, or a tag of it, has come or gone.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export function imageEvent(
  action: "PUSH" | "DELETE",
  repositoryName: string,
  image: StoredImage,
  tag: string | undefined,
): EventDraft {
  return {
    source: "aws.ecr",
    detailType: "ECR Image Action",
    resources: [],
    detail: {
      "action-type": action,
      result: "SUCCESS",
      "repository-name": repositoryName,
      "image-digest": image.digest,
      ...(tag === undefined ? {} : { "image-tag": tag }),
      "manifest-media-type": image.mediaType,
      ...(image.artifactType === undefined ? {} : { "artifact-media-type": image.artifactType }),
    },
  };
}
