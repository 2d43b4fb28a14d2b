import type { Aws } from "../../../shared/effects/aws.ts";

/** CloudWatch Logs: every build has one last line. */
export const fakeLogs: Aws["logs"] = {
  getLogEvents: async ({ logStreamName }) => ({
    events: [{ timestamp: 0, message: `${logStreamName}: the last line` }],
  }),
};
