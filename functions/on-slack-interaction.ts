import { slackHandler } from "./slack-interaction.ts";
import { createSlackRuntime } from "./slack-runtime.ts";

/** `POST /slack/interactions`: somebody has pressed a button of a message at Slack. */
export const handler = slackHandler(createSlackRuntime(process.env, (line) => console.log(line)));
