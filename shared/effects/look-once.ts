import type { ImagePlatforms } from "../pipeline/placement.ts";
import type { Run } from "../pipeline/run.ts";
import type { Aws } from "./aws.ts";
import type { EffectContext } from "./context.ts";
import { imagePlatforms } from "./image-platforms.ts";

/**
 * The same AWS, which asks the same question about a cluster once only: for as long as one look at a stage lasts. A question
 * asked early, before its answer is needed, costs no time later.
 */
function readOnce(aws: Aws): Aws {
  const answers = new Map<string, Promise<unknown>>();
  const once = <Input, Output>(name: string, ask: (input: Input) => Promise<Output>) => {
    return (input: Input): Promise<Output> => {
      const key = `${name} ${JSON.stringify(input).replaceAll(/arn:[^"]*:cluster\//g, "")}`;
      const known = answers.get(key);
      if (known !== undefined) return known as Promise<Output>;
      const answer = ask(input);
      answers.set(key, answer);
      return answer;
    };
  };
  const { describeCapacityProviders, listContainerInstances, describeContainerInstances, describeClusters } =
    aws.ecs;
  return {
    ...aws,
    ecs: {
      ...aws.ecs,
      describeCapacityProviders: once("capacity providers", describeCapacityProviders),
      listContainerInstances: once("instances", listContainerInstances),
      describeContainerInstances: once("instance", describeContainerInstances),
      describeClusters: once("clusters", describeClusters),
      describeTaskDefinition: once("task definition", aws.ecs.describeTaskDefinition),
    },
  };
}

/** A context for one look at a stage. */
export interface LookContext extends EffectContext {
  /** The platforms of an image, asked for once. */
  readonly platformsOf: (image: string) => Promise<ImagePlatforms>;
}

/** @param run what its indexes list has to be there, too */
export function lookOnce(context: EffectContext, run: Run): LookContext {
  const listed = new Map(
    run.images.flatMap(({ state }) =>
      state.status === "published"
        ? [[`${state.repositoryUri}@${state.digest}`, state.children] as const]
        : [],
    ),
  );
  return { ...context, aws: readOnce(context.aws), platformsOf: imagePlatforms(context, listed) };
}
