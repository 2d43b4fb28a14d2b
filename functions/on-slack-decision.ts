import { pressedSchema } from "../shared/intake/slack-interaction.ts";
import { peopleDirectory } from "./api/settings.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";
import { decidePress } from "./slack-decision.ts";

const { deps, messenger } = createRuntime();
const directory = peopleDirectory(process.env);

/** Judges a press that the interactivity endpoint has let through. */
export async function handler(payload: unknown): Promise<void> {
  await decidePress({ deps, messenger, directory, log }, pressedSchema.parse(payload));
}
