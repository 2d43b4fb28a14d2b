import type { RunView } from "../shared/pipeline/view.ts";
import { isRecord } from "./answers.ts";
import type { TandemApi } from "./api.ts";
import { EXIT, Failure } from "./failure.ts";
import { printable, shortDigest } from "./render/text.ts";

/**
 * Why a run began, in words. A push is the usual cause and not worth a line. Who or which it was stands in the run's
 * first event, which a run that is just beginning does not show yet.
 */
export async function causeOf(api: TandemApi, { id, trigger }: RunView): Promise<string | undefined> {
  switch (trigger) {
    case "push":
      return undefined;
    case "release":
      return "started by a release";
    case "schedule":
      return "started by the schedule";
    case "head":
      return "started by the sweep: nobody had told of the commit";
    default: {
      const cause = detailed(trigger, await firstTrigger(api, id));
      return printable(cause);
    }
  }
}

function detailed(type: string, trigger: Readonly<Record<string, unknown>>): string {
  const { number, fork, by, repository, digest, to, of, reason } = trigger;
  const someone = by === undefined ? "" : ` by ${by}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  switch (type) {
    case "pull-request":
      return `pull request${number === undefined ? "" : ` ${number}`}${fork === true ? " from a fork" : ""}: built only`;
    case "manual":
      return by === undefined ? "started by hand" : `started by ${by}`;
    case "base-image": {
      if (typeof repository !== "string" || typeof digest !== "string") return "started by a new base image";
      return `started by the new base image ${repository}@${shortDigest(digest)}`;
    }
    case "rollback":
      return `back to the release of ${to ?? "an earlier run"}${someone}${why}`;
    case "unquarantine":
      return `the release of ${of ?? "an earlier run"} on every architecture again${someone}${why}`;
    case "shift":
      return `weights moved${someone}`;
    default:
      return `started by ${type}`;
  }
}

async function firstTrigger(api: TandemApi, id: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const [started] = await api.events(id);
    return isRecord(started?.trigger) ? started.trigger : {};
  } catch (error) {
    if (error instanceof Failure && error.exitCode === EXIT.unknown) return {};
    throw error;
  }
}
