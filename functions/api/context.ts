import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Context } from "hono";
import type { LambdaEvent } from "hono/aws-lambda";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import type { Deps } from "../../shared/advance.ts";
import type { EffectContext } from "../../shared/effects/context.ts";
import type { Directory } from "../../shared/effects/directory.ts";
import type { Source } from "../../shared/intake/source.ts";
import type { RefusalAnswer } from "../../shared/pipeline/api-views.ts";
import type { PipelineDefinition, SourceDefinition } from "../../shared/pipeline/definition.ts";
import type { Caller } from "./caller.ts";
import type { ApiSettings } from "./settings.ts";

/** What the addresses of the HTTP API stand on. */
export interface ApiServices {
  readonly deps: Deps;
  /** What commands are carried out with; for what looks without doing anything. */
  readonly effects: EffectContext;
  readonly pipelines: readonly PipelineDefinition[];
  readonly sources: Readonly<Record<SourceDefinition["type"], Source>>;
  readonly settings: ApiSettings;
  /** Who is in a group, outside of the definitions. */
  readonly directory: Directory;
}

/** What Hono carries from the event to a handler. */
export interface ApiEnv {
  readonly Bindings: { readonly event: LambdaEvent };
  readonly Variables: { readonly caller: Caller };
}

/** Why somebody does what needs no words: going back is not to wait for them, and the record says that there were none. */
export const perhapsReason = z.string().min(1).max(2000).default("no reason given");

/** The event as API Gateway gives it: payload format 2.0. */
export function eventOf(context: Context<ApiEnv>): APIGatewayProxyEventV2 {
  return context.env.event as unknown as APIGatewayProxyEventV2;
}

type Refused = 400 | 401 | 403 | 404 | 409 | 503;

/**
 * A refusal with a code that programs read and a message that people read.
 * @param changed what has changed since the caller looked
 */
export function refuse(status: Refused, code: string, message: string, changed?: readonly string[]): never {
  const body: RefusalAnswer =
    changed === undefined ? { error: { code, message } } : { error: { code, message, changed }, changed };
  throw new HTTPException(status, { res: Response.json(body, { status }) });
}

/** The body as the schema wants it; a 400 that names every fault otherwise. */
export async function jsonBody<T>(context: Context<ApiEnv>, schema: z.ZodType<T>): Promise<T> {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(400, "bad-json", "the body is no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  refuse(400, "bad-body", faults.join("; "));
}

/** How many things a page is to hold: `limit`, from 1 to `most`. */
export function limitOf(context: Context<ApiEnv>, usual: number, most: number): number {
  const limit = z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .safeParse(context.req.query("limit") ?? usual);
  if (limit.success) return limit.data;
  refuse(400, "bad-limit", `\`limit\` must be a whole number from 1 to ${most}`);
}

/** The definition of that name. */
export function pipelineNamed({ pipelines }: ApiServices, name: string): PipelineDefinition {
  const definition = pipelines.find((pipeline) => pipeline.name === name);
  if (definition !== undefined) return definition;
  const names = pipelines.map((pipeline) => pipeline.name).join(", ");
  refuse(404, "unknown-pipeline", `there is no pipeline "${name}"; there are ${names}`);
}

/** The stage of that name, of the pipeline of that name. */
export function stageNamed(services: ApiServices, pipeline: string, name: string) {
  const definition = services.pipelines.find((one) => one.name === pipeline);
  const stage = definition?.stages.find((one) => one.name === name);
  if (definition !== undefined && stage !== undefined) return { definition, stage };
  refuse(404, "unknown-stage", `there is no stage "${name}" of a pipeline "${pipeline}"`);
}

export const isoTime = (at: number): string => new Date(at).toISOString();
