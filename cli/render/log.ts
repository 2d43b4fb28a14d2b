import type { BuildView } from "../../shared/pipeline/view.ts";
import type { Address } from "../address.ts";
import type { Paint } from "./text.ts";

type BuildLog = NonNullable<BuildView["log"]>;

/** Where the rest of a log is to be read. */
export type ReadOn = (log: BuildLog) => string;

/** The console's page on AWS; on this machine, which has none, the AWS CLI's command. */
export function readOn({ url, local }: Address): ReadOn {
  return ({ group, stream, link }) => {
    if (link !== undefined && !local) return link;
    const where = local ? `AWS_ENDPOINT_URL=${url} ` : "";
    return `${where}aws logs get-log-events --output text --log-group-name ${group} --log-stream-name ${stream}`;
  };
}

/** The last lines of a build's log, and where to read on. */
export function logTail(log: BuildLog, where: ReadOn, paint: Paint): readonly string[] {
  return [...log.lines.map((line) => `    ${paint.faint("|")} ${line}`), `    read on: ${where(log)}`];
}
