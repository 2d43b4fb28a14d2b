import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { reasonOf } from "../errors.ts";
import { type ApplyResource, AwsError, type LocalContext } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";
import { type PreparedTemplate, prepareTemplate, ResourceError } from "../template/apply.ts";
import { type Template, TemplateError } from "../template/template.ts";
import { type Stack, stackSchema } from "./stack.ts";

const VERSION = 1;
const MAX_EVENTS = 500;

/** Said of a resource whose type no service here has. */
const NOT_EMULATED = "Not emulated by the local endpoint: it has no effect.";

/** What a stack is made of. */
export interface StackRequest {
  readonly name: string;
  readonly template: Template;
  readonly templateBody: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** What a resource without a name of its own is called. */
  readonly nameOf: (logicalId: string) => string;
  /** The id of a new stack, where it has been told already. */
  readonly id?: string;
}

/** The stacks of this endpoint, kept in one file. */
export class Stacks {
  readonly #context: Pick<LocalContext, "accountId" | "region" | "now" | "say">;
  readonly #creator: (type: string) => ApplyResource | undefined;
  readonly #file: string;
  #stacks: readonly Stack[];

  private constructor(
    context: Pick<LocalContext, "accountId" | "region" | "now" | "say">,
    creator: (type: string) => ApplyResource | undefined,
    file: string,
    stacks: readonly Stack[],
  ) {
    this.#context = context;
    this.#creator = creator;
    this.#file = file;
    this.#stacks = stacks;
  }

  /** @throws StateError when what is kept cannot be read */
  static async open(
    context: Pick<LocalContext, "accountId" | "region" | "now" | "say" | "stateDir">,
    creator: (type: string) => ApplyResource | undefined,
  ): Promise<Stacks> {
    const file = join(context.stateDir, "cloudformation", "stacks.json");
    const stored = z.array(stackSchema).safeParse((await readState(file, VERSION)) ?? []);
    if (!stored.success)
      throw new StateError(`${file} does not hold stacks: move it away, or use another --state`);
    const ended = stored.data.map((stack) =>
      stack.status.endsWith("_IN_PROGRESS")
        ? {
            ...stack,
            status: "CREATE_FAILED",
            statusReason: "The local endpoint ended while the stack was made.",
          }
        : stack,
    );
    return new Stacks(context, creator, file, ended);
  }

  /** All stacks, also deleted ones, the newest first. */
  list(): readonly Stack[] {
    return [...this.#stacks].reverse();
  }

  /** By name (those that exist) or id (also deleted ones). */
  find(nameOrId: string): Stack | undefined {
    return this.#stacks.find(
      ({ name, id, status }) => id === nameOrId || (name === nameOrId && status !== "DELETE_COMPLETE"),
    );
  }

  /**
   * Creates a stack, or updates the one of the same name.
   * @returns the stack's id, and a promise of its end: it is never rejected, the stack's status tells
   * @throws AwsError ValidationError before anything is created
   */
  begin(request: StackRequest): { readonly id: string; readonly done: Promise<Stack> } {
    const { region, accountId, now } = this.#context;
    const known = this.find(request.name);
    const id =
      known?.id ?? `arn:aws:cloudformation:${region}:${accountId}:stack/${request.name}/${randomUUID()}`;
    const verb = known === undefined ? "CREATE" : "UPDATE";
    const prepared = this.#prepare(request, id);
    const started: Stack = {
      name: request.name,
      id,
      description: request.template.description,
      status: `${verb}_IN_PROGRESS`,
      createdMs: known?.createdMs ?? now(),
      ...(known !== undefined && { updatedMs: now() }),
      templateBody: request.templateBody,
      parameters: Object.fromEntries(request.parameters),
      resources: known?.resources ?? [],
      outputs: known?.outputs ?? [],
      events: known?.events ?? [],
    };
    this.#put(this.#withEvent(started, request.name, "AWS::CloudFormation::Stack", id, started.status));
    return { id, done: this.#create(id, prepared, verb) };
  }

  /** Forgets a stack. Its resources stay in their services, and the stack's resources say so. */
  async delete(stack: Stack): Promise<void> {
    const now = this.#context.now();
    const statusReason = "The local endpoint keeps the resources of a deleted stack.";
    const resources = stack.resources.map((resource) => ({
      ...resource,
      status: "DELETE_SKIPPED",
      statusReason,
      updatedMs: now,
    }));
    const deleted = { ...stack, status: "DELETE_COMPLETE", statusReason, deletedMs: now, resources };
    this.#put(
      this.#withEvent(deleted, stack.name, "AWS::CloudFormation::Stack", stack.id, "DELETE_COMPLETE"),
    );
    await this.save();
  }

  /** @throws AwsError ValidationError when a stack could not be made of this */
  check(request: StackRequest): void {
    this.#prepare(request, request.id ?? "");
  }

  newArn(type: "stack" | "changeSet", name: string): string {
    const { region, accountId } = this.#context;
    return `arn:aws:cloudformation:${region}:${accountId}:${type}/${name}/${randomUUID()}`;
  }

  async save(): Promise<void> {
    await writeState(this.#file, VERSION, this.#stacks);
  }

  #prepare(request: StackRequest, stackId: string): PreparedTemplate {
    const { template, name, parameters, nameOf } = request;
    const options = { template, stackName: name, stackId, parameters, nameOf };
    try {
      return prepareTemplate({ ...options, context: this.#context, creator: this.#creator });
    } catch (error) {
      if (error instanceof TemplateError) throw new AwsError("ValidationError", error.message);
      throw error;
    }
  }

  async #create(id: string, prepared: PreparedTemplate, verb: "CREATE" | "UPDATE"): Promise<Stack> {
    try {
      const { resources, outputs } = await prepared.create((resource) => {
        if (!resource.emulated) this.#context.say(`not emulated: ${resource.type} (${resource.logicalId})`);
      });
      this.#change(id, (stack) => {
        const updatedMs = this.#context.now();
        const status = `${verb}_COMPLETE`;
        const kept = resources.map(({ logicalId, type, physicalId, emulated }) => ({
          logicalId,
          type,
          physicalId,
          status,
          ...(!emulated && { statusReason: NOT_EMULATED }),
          updatedMs,
        }));
        const withEvents = kept.reduce(
          (so, { logicalId, type, physicalId, statusReason }) =>
            this.#withEvent(so, logicalId, type, physicalId, status, statusReason),
          stack,
        );
        const complete = {
          ...withEvents,
          status,
          resources: kept,
          outputs: outputs.map((output) => ({ ...output })),
        };
        return this.#withEvent(complete, stack.name, "AWS::CloudFormation::Stack", id, status);
      });
    } catch (error) {
      this.#change(id, (stack) => {
        const statusReason = reasonOf(error);
        const failed = { ...stack, status: `${verb}_FAILED`, statusReason };
        const resource = error instanceof ResourceError ? error.logicalId : stack.name;
        return this.#withEvent(
          failed,
          resource,
          error instanceof ResourceError ? error.type : "",
          "",
          failed.status,
          statusReason,
        );
      });
    }
    await this.save();
    const stack = this.find(id);
    if (stack === undefined) throw new Error(`the stack ${id} is gone`);
    return stack;
  }

  #change(id: string, change: (stack: Stack) => Stack): void {
    const stack = this.find(id);
    if (stack !== undefined) this.#put(change(stack));
  }

  #put(stack: Stack): void {
    const others = this.#stacks.filter(({ id }) => id !== stack.id);
    this.#stacks =
      others.length === this.#stacks.length
        ? [...others, stack]
        : this.#stacks.map((old) => (old.id === stack.id ? stack : old));
  }

  #withEvent(
    stack: Stack,
    logicalId: string,
    type: string,
    physicalId: string,
    status: string,
    reason?: string,
  ): Stack {
    const event = {
      id: randomUUID(),
      logicalId,
      type,
      physicalId,
      status,
      reason,
      timeMs: this.#context.now(),
    };
    return { ...stack, events: [...stack.events, event].slice(-MAX_EVENTS) };
  }
}
