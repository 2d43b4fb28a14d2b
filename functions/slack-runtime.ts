import { type CachedSecret, cachedSecret } from "../shared/effects/cached-secret.ts";
import { parseSlackSecret, type SlackSecret } from "../shared/effects/slack-api.ts";
import type { Pressed } from "../shared/intake/slack-interaction.ts";
import { httpTable } from "../shared/store/dynamo-http.ts";
import { dynamoStore } from "../shared/store/dynamo-store.ts";
import type { StreamStore } from "../shared/store/stream-store.ts";
import { type Environment, lightAws } from "./light-aws.ts";
import { type LightLog, lightLog } from "./light-log.ts";

/** What the interactivity endpoint constructs once. Slack waits three seconds for it: no AWS SDK, no Powertools. */
export interface SlackRuntime {
  readonly now: () => number;
  readonly log: LightLog;
  readonly secret: CachedSecret<SlackSecret>;
  readonly streams: StreamStore;
  /** Has the press judged, without waiting for it. */
  readonly decide: (pressed: Pressed) => Promise<void>;
}

/** @param write takes the lines of the log */
export function createSlackRuntime(environment: Environment, write: (line: string) => void): SlackRuntime {
  const now = () => Date.now();
  const { variable, post, http } = lightAws(environment, now);
  const read = async () => parseSlackSecret((await http.getSecret(variable("SLACK_SECRET"))) ?? "{}");
  return {
    now,
    log: lightLog(environment.POWERTOOLS_SERVICE_NAME ?? "tandem", now, write),
    secret: cachedSecret(read, now),
    streams: dynamoStore(httpTable(variable("TABLE"), post)).streams,
    decide: (pressed) => http.invokeLater(variable("SLACK_DECISION_FUNCTION"), pressed),
  };
}
