import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { hasCode } from "../errors.ts";
import { readState, StateError, writeState } from "../state.ts";
import { EcsState } from "./state.ts";
import {
  autoScalingGroupSchema,
  capacityProviderSchema,
  clusterSchema,
  containerInstanceSchema,
  launchTemplateSchema,
  serviceSchema,
  type TaskDefinition,
  taskDefinitionSchema,
} from "./types.ts";

const version = 1;

const storedSchema = z.object({
  clusters: z.array(clusterSchema),
  capacityProviders: z.array(capacityProviderSchema),
  instances: z.array(containerInstanceSchema),
  services: z.array(serviceSchema),
  launchTemplates: z.array(launchTemplateSchema),
  autoScalingGroups: z.array(autoScalingGroupSchema),
});

/** @throws StateError that names the file when its content is not what this program wrote. */
async function read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const data = await readState(file, version);
  if (data === undefined) return undefined;
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.map(String).join(".") ?? "";
  throw new StateError(`${file} is damaged at ${path}: move it away, or use another --state`);
}

async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/**
 * What of ECS survives a restart, below `stateDir/ecs`: `state.json`, and one file per task definition (their number only
 * grows, so they are not written again with every change).
 */
export class EcsStore {
  readonly state: EcsState;
  private readonly folder: string;
  /** The write that is asked for but has not begun: all changes until then go with it. */
  private next: Promise<void> | undefined;
  /** The write that goes on. */
  private writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, state: EcsState) {
    this.folder = folder;
    this.state = state;
  }

  /** @throws StateError for a damaged file. */
  static async open(folder: string, now: () => number): Promise<EcsStore> {
    const store = new EcsStore(folder, new EcsState(now));
    await store.load();
    return store;
  }

  private async load(): Promise<void> {
    const { state } = this;
    const stored = await read(join(this.folder, "state.json"), storedSchema);
    for (const one of stored?.clusters ?? []) state.clusters.set(one.name, one);
    for (const one of stored?.capacityProviders ?? []) state.capacityProviders.set(one.name, one);
    for (const one of stored?.instances ?? []) state.instances.set(one.arn, one);
    for (const one of stored?.services ?? []) state.services.set(one.arn, one);
    for (const one of stored?.launchTemplates ?? []) state.launchTemplates.set(one.id, one);
    for (const one of stored?.autoScalingGroups ?? []) state.autoScalingGroups.set(one.name, one);
    for (const name of await listFolder(this.definitions)) {
      if (!name.endsWith(".json")) continue;
      const definition = await read(join(this.definitions, name), taskDefinitionSchema);
      if (definition !== undefined) state.putDefinition(definition);
    }
  }

  private get definitions(): string {
    return join(this.folder, "definitions");
  }

  /**
   * Resolves when everything that has changed so far is on disk. Many calls in one turn, and all that come while a write goes
   * on, cost one write: however fast tasks change, the state is not written more often than the disk takes it.
   */
  save(): Promise<void> {
    this.next ??= this.writeNext();
    return this.next;
  }

  private async writeNext(): Promise<void> {
    await Promise.all([new Promise((resolve) => setImmediate(resolve)), this.writing.catch(() => undefined)]);
    this.next = undefined;
    this.writing = writeState(join(this.folder, "state.json"), version, this.content());
    await this.writing;
  }

  async saveDefinition(definition: TaskDefinition): Promise<void> {
    this.state.putDefinition(definition);
    const name = `${definition.family}.${definition.revision}.json`;
    await writeState(join(this.definitions, name), version, definition);
  }

  private content(): z.infer<typeof storedSchema> {
    const { state } = this;
    return {
      clusters: [...state.clusters.values()],
      capacityProviders: [...state.capacityProviders.values()],
      instances: [...state.instances.values()],
      services: [...state.services.values()],
      launchTemplates: [...state.launchTemplates.values()],
      autoScalingGroups: [...state.autoScalingGroups.values()],
    };
  }
}
