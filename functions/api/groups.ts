import { Hono } from "hono";
import type { Directory } from "../../shared/effects/directory.ts";
import type { GroupsAnswer, GroupView } from "../../shared/pipeline/api-views.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { ApiEnv, ApiServices } from "./context.ts";

/** `GET /api/groups`: the groups that pipelines let decide, and who is known to be in them. */
export function groupRoutes({ pipelines, directory }: ApiServices): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.get("/groups", async (context) => {
    const wanted = pipelines.flatMap((pipeline) =>
      [...demandsOf(pipeline)].map(([name, required]) => groupView(directory, pipeline, name, required)),
    );
    const answer: GroupsAnswer = { groups: await Promise.all(wanted) };
    return context.json(answer);
  });
  return app;
}

/** Groups that are named, and how many people a stage asks of them at most. */
function demandsOf({ stages }: PipelineDefinition): ReadonlyMap<string, number> {
  const demands = new Map<string, number>();
  const ask = (name: string, required: number) =>
    demands.set(name, Math.max(required, demands.get(name) ?? 0));
  for (const { approval, overrides = [] } of stages) {
    for (const name of overrides) ask(name, 1);
    // Several groups share what is asked for: each alone has to have somebody.
    const required = approval?.from.length === 1 ? approval.required : 1;
    for (const name of approval?.from ?? []) ask(name, required);
  }
  return demands;
}

async function groupView(
  directory: Directory,
  { name: pipeline, groups }: PipelineDefinition,
  name: string,
  required: number,
): Promise<GroupView> {
  // Who cannot be asked for now is unknown, as where people sign in elsewhere.
  const asked = directory.members(name).catch(() => undefined);
  const [members, role] = await Promise.all([asked, directory.hasRole(name)]);
  const listed = Object.hasOwn(groups, name) ? (groups[name] ?? []) : [];
  return { name, pipeline, required, listed, members, role };
}
