import { z } from "zod";
import { OWN_TAGS } from "../pipeline/lifecycle.ts";
import type { Ignored } from "./codecommit-push.ts";

/**
 * `ECR Image Action`, https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
const schema = z.object({
  id: z.string(),
  detail: z.object({
    "action-type": z.string(),
    result: z.string(),
    "repository-name": z.string(),
    "image-digest": z.string(),
    "image-tag": z.string().optional(),
  }),
});

/** An image has got a tag. */
export interface ImagePush {
  readonly type: "image";
  readonly repository: string;
  readonly digest: string;
  readonly tag: string;
}

/** Reads the event of a push; what has no tag is a part of an index that is still to come, and ignored. */
export function parseImagePush(payload: unknown): ImagePush | Ignored {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) return { type: "ignored", reason: `no ECR event: ${z.prettifyError(parsed.error)}` };
  const { detail } = parsed.data;
  const { "repository-name": repository, "image-digest": digest, "image-tag": tag } = detail;
  if (detail["action-type"] !== "PUSH" || detail.result !== "SUCCESS") {
    return { type: "ignored", reason: `${detail["action-type"]} ${detail.result} is no push of an image` };
  }
  if (tag === undefined || tag === "") {
    return { type: "ignored", reason: `${repository}@${digest} has no tag` };
  }
  // Tags by which ECR is told what a stage runs: the image itself is not new.
  return tag.startsWith(OWN_TAGS)
    ? { type: "ignored", reason: `${tag} is Tandem's own tag` }
    : { type: "image", repository, digest, tag };
}
