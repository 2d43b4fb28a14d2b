import type { LogSink } from "../service.ts";

/** What a build writes, for whoever reads CloudWatch Logs. */
export interface BuildLog {
  /** Output of a command. */
  readonly lines: (lines: readonly string[]) => void;
  /** A line of the build agent: `[Container] 2026/11/21 10:00:00 …`. */
  readonly agent: (text: string) => void;
}

/** A log without a group goes nowhere: the project has switched it off. */
export function createBuildLog(
  logs: LogSink,
  place: { readonly groupName?: string | undefined; readonly streamName?: string | undefined },
  now: () => number,
): BuildLog {
  const { groupName, streamName } = place;
  const lines = (all: readonly string[]) => {
    if (groupName !== undefined && streamName !== undefined) logs.put(groupName, streamName, all);
  };
  return {
    lines,
    agent: (text) => {
      const time = new Date(now()).toISOString().slice(0, 19).replaceAll("-", "/").replace("T", " ");
      lines(text.split("\n").map((line, index) => (index === 0 ? `[Container] ${time} ${line}` : line)));
    },
  };
}
