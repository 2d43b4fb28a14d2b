import type { RegisterTaskDefinitionCommandInput, Tag, TaskDefinition } from "@aws-sdk/client-ecs";
import { AwsError } from "./aws-error.ts";
import { ACCOUNT, REGION } from "./names.ts";

export interface Registered {
  readonly arn: string;
  readonly definition: TaskDefinition;
  readonly tags: readonly Tag[];
  /** By container. */
  readonly images: Readonly<Record<string, string>>;
}

/** The revisions of every family, and their tags. */
export class TaskDefinitions {
  readonly #byArn = new Map<string, Registered>();
  readonly #families = new Map<string, Registered[]>();

  register({ family = "", tags = [], ...document }: RegisterTaskDefinitionCommandInput): Registered {
    const revisions = this.#families.get(family) ?? [];
    const revision = revisions.length + 1;
    const arn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:${revision}`;
    const { containerDefinitions = [] } = document;
    const registered: Registered = {
      arn,
      definition: { family, revision, taskDefinitionArn: arn, status: "ACTIVE", containerDefinitions },
      tags,
      images: Object.fromEntries(containerDefinitions.map(({ name = "", image = "" }) => [name, image])),
    };
    this.#families.set(family, [...revisions, registered]);
    this.#byArn.set(arn, registered);
    return registered;
  }

  get(arn: string | undefined): Registered {
    const found = this.#byArn.get(arn ?? "");
    if (found === undefined) throw new AwsError("ClientException", `no task definition ${arn}`);
    return found;
  }

  /** Newest first. */
  list(family: string | undefined, limit: number): readonly string[] {
    const revisions = this.#families.get(family ?? "") ?? [];
    return revisions
      .map(({ arn }) => arn)
      .reverse()
      .slice(0, limit);
  }
}
