import consoleFiles from "tandem:console";
import pipelines from "tandem:pipelines";
import { handle } from "hono/aws-lambda";
import { createApp } from "./api/app.ts";
import { apiSettings, peopleDirectory } from "./api/settings.ts";
import { createRuntime } from "./runtime.ts";

const { deps, effects, sources } = createRuntime();
const settings = apiSettings(process.env);
const people = peopleDirectory(process.env);

export const handler = handle(
  createApp({ deps, effects, pipelines, sources, settings, directory: people }, consoleFiles),
);
