import type { EcsState } from "./state.ts";
import type { Task } from "./task.ts";
import type { ServiceRevision } from "./types.ts";

/**
 * The digests that a service revision is pinned to. The first task of a deployment resolves a tag, and all that follow use
 * the same image, whatever the tag names by then ("software version consistency").
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export interface ImagePins {
  readonly get: (task: Task, container: string) => string | undefined;
  readonly set: (task: Task, container: string, digest: string) => void;
}

type Image = ServiceRevision["containerImages"][number];

export function imagePins(state: EcsState): ImagePins {
  const find = (task: Task, container: string): Image | undefined => {
    const service = task.serviceArn === undefined ? undefined : state.services.get(task.serviceArn);
    const deployment = service?.deployments.find(({ id }) => id === task.startedBy);
    const revision = service?.revisions.find(({ arn }) => arn === deployment?.revisionArn);
    return revision?.containerImages.find(({ containerName }) => containerName === container);
  };
  return {
    get: (task, container) => find(task, container)?.imageDigest,
    set: (task, container, digest) => {
      const image = find(task, container);
      if (image !== undefined) image.imageDigest ??= digest;
    },
  };
}
