import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { definitionName, lastPart } from "../arns.ts";
import type { Ecs } from "../ecs.ts";
import { parse, type Tag, tagsSchema } from "../input.ts";

interface Tagged {
  readonly tags: readonly Tag[];
  readonly put: (tags: Tag[]) => Promise<void>;
}

/** Tags of clusters, services, task definitions, capacity providers, container instances and tasks. */
export function tagOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;

  /** @throws AwsError when the ARN names nothing that can be tagged. */
  function resource(arn: string): Tagged {
    const kind = /^arn:aws[a-z-]*:ecs:[^:]*:[^:]*:([a-z-]+)\//.exec(arn)?.[1];
    if (kind === "task-definition") return definition(arn);
    const holder =
      kind === "cluster"
        ? state.clusters.get(lastPart(arn))
        : kind === "service"
          ? state.services.get(arn)
          : kind === "capacity-provider"
            ? state.capacityProviders.get(lastPart(arn))
            : kind === "container-instance"
              ? state.instances.get(arn)
              : undefined;
    if (holder !== undefined) {
      return {
        tags: holder.tags,
        put: (tags) => {
          holder.tags = tags;
          return store.save();
        },
      };
    }
    const task = state.tasks.get(arn) ?? state.stopped.get(arn);
    if (kind !== "task" || task === undefined) {
      throw new AwsError("InvalidParameterException", `The specified resource ${arn} was not found.`);
    }
    return {
      tags: task.tags,
      put: async (tags) => {
        task.tags.splice(0, task.tags.length, ...tags);
      },
    };
  }

  function definition(arn: string): Tagged {
    const found = state.definitionOf(arn);
    if (found === undefined || definitionName(arn).revision === undefined) {
      throw new AwsError("InvalidParameterException", `The specified task definition ${arn} was not found.`);
    }
    return { tags: found.tags, put: (tags) => store.saveDefinition({ ...found, tags }) };
  }

  return {
    TagResource: async (input) => {
      const { resourceArn, tags } = parse(z.object({ resourceArn: z.string(), tags: tagsSchema }), input);
      const tagged = resource(resourceArn);
      const merged = new Map([...tagged.tags, ...tags].map((tag) => [tag.key, tag]));
      await tagged.put(parse(tagsSchema, [...merged.values()]));
      return {};
    },

    UntagResource: async (input) => {
      const { resourceArn, tagKeys } = parse(
        z.object({ resourceArn: z.string(), tagKeys: z.array(z.string()) }),
        input,
      );
      const tagged = resource(resourceArn);
      await tagged.put(tagged.tags.filter(({ key }) => !tagKeys.includes(key)));
      return {};
    },

    ListTagsForResource: async (input) => {
      const { resourceArn } = parse(z.object({ resourceArn: z.string() }), input);
      return { tags: resource(resourceArn).tags };
    },
  };
}
