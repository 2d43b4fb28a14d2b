import { CPU_ARCHITECTURES, hostArchitectureOf, platformOf } from "./architectures.ts";
import { ourConstraint } from "./constraints.ts";
import type { CpuArchitecture } from "./definition.ts";

/** Where a service's tasks run: behind one of its capacity providers, or all hosts of its launch type. */
export interface HostGroup {
  /** `capacity provider graviton`, `launch type EC2`. */
  readonly name: string;
  /** The provider's name, as the strategy has it; absent for a launch type. */
  readonly provider?: string;
  readonly kind: "auto-scaling-group" | "managed-instances" | "fargate" | "ec2" | "external";
  readonly base: number;
  readonly weight: number;
  readonly architectures: readonly CpuArchitecture[];
}

/** The hosts behind a service. */
export interface Hosts {
  /** Those that get tasks: by base, or by weight. */
  readonly groups: readonly HostGroup[];
  /** What the service's and the task definition's own constraints leave of them, ours not counted. */
  readonly allowed: readonly CpuArchitecture[];
  /** The constraint that an earlier release of ours has left on the service. */
  readonly ours?: string;
  /** What could not be read, for people. */
  readonly notes: readonly string[];
}

/** The platforms of an image; or that it does not exist; or why nobody can say. */
export type ImagePlatforms =
  | { readonly platforms: readonly string[] }
  | { readonly gone: string }
  | { readonly unknown: string };

/** A container of the task definition that is about to be registered: essential or not, every one is pulled. */
export interface GateContainer {
  readonly name: string;
  readonly image: string;
  /** Built by this pipeline: a platform of it that no host has is worth a word. */
  readonly ours: boolean;
}

export interface GateQuestion {
  readonly service: string;
  readonly containers: readonly GateContainer[];
  /** By image reference. */
  readonly images: Readonly<Record<string, ImagePlatforms>>;
  readonly hosts: Hosts;
  readonly policy: "refuse" | "constrain";
}

/** A container that some hosts of its service could not run. */
export interface MissingPlatform {
  readonly container: string;
  readonly image: string;
  readonly platform: string;
}

/** What the gate says; `notes` are for people and stop nothing. */
export type Gate =
  | {
      readonly result: "ok";
      /** Our constraint of an earlier release that is no longer needed. */
      readonly remove?: string;
      readonly notes: readonly string[];
    }
  | {
      readonly result: "refused";
      readonly missing: readonly MissingPlatform[];
      readonly reason: string;
      readonly remedy: string;
      readonly notes: readonly string[];
    }
  | {
      readonly result: "constrain";
      readonly missing: readonly MissingPlatform[];
      /** The architecture whose hosts run every container. */
      readonly to: CpuArchitecture;
      /** For a `memberOf` constraint of the service; replaces ours of an earlier release (`withConstraint`). */
      readonly expression: string;
      /** It is on the service already. */
      readonly present: boolean;
      /**
       * Capacity providers that have no host left: ECS does not move their tasks to another provider, they would wait for
       * ever, so the strategy must not give them any.
       */
      readonly idle: readonly string[];
      readonly why: string;
      readonly notes: readonly string[];
    };

/** Whether every container of a service can run on every host that it may get. */
export function gate(question: GateQuestion): Gate {
  const { service, containers, images, hosts, policy } = question;
  const notes = notesOf(question);
  const gone = containers.flatMap(({ name, image }) => {
    const answer = images[image];
    return answer !== undefined && "gone" in answer ? [`container ${name}: ${answer.gone}`] : [];
  });
  if (gone.length > 0) {
    const reason = `service ${service} cannot start: ${gone.join(" · ")}`;
    return { result: "refused", missing: [], reason, remedy: "push again, so that it is built anew", notes };
  }
  const needed = CPU_ARCHITECTURES.filter((one) => groupsWith(hosts, one).length > 0);
  if (needed.length === 0) {
    const groups = hosts.groups.map(({ name, architectures }) => `${name} (${architectures.join(", ")})`);
    return {
      result: "refused",
      missing: [],
      reason: `no host is left for service ${service}: its placement constraints allow ${list(hosts.allowed)}, it has ${list(groups)}`,
      remedy: "mend the placement constraints of the service or of its task definition",
      notes,
    };
  }
  const missing = needed.flatMap((architecture) => missingOn(question, architecture));
  if (missing.length === 0) {
    return { result: "ok", ...(hosts.ours === undefined ? {} : { remove: hosts.ours }), notes };
  }
  const reason = missingSentence(question, missing);
  const to = needed.find((architecture) => missingOn(question, architecture).length === 0);
  if (policy === "refuse" || to === undefined) {
    const other = to === undefined ? "" : ", or give the deployment `missingArchitecture: constrain`";
    const remedy = `build the image for every platform of the hosts, take one that has them${other}`;
    return { result: "refused", missing, reason, remedy, notes };
  }
  const expression = ourConstraint(to);
  return {
    result: "constrain",
    missing,
    to,
    expression,
    present: hosts.ours === expression,
    idle: hosts.groups.flatMap(({ provider, architectures }) =>
      provider === undefined || architectures.includes(to) ? [] : [provider],
    ),
    why: `${reason}; it runs on ${to} only until a release has all platforms`,
    notes,
  };
}

function groupsWith(hosts: Hosts, architecture: CpuArchitecture): readonly HostGroup[] {
  if (!hosts.allowed.includes(architecture)) return [];
  return hosts.groups.filter(({ architectures }) => architectures.includes(architecture));
}

function missingOn(
  { containers, images }: GateQuestion,
  architecture: CpuArchitecture,
): readonly MissingPlatform[] {
  return containers.flatMap(({ name, image }) => {
    const answer = images[image];
    if (answer === undefined || !("platforms" in answer)) return [];
    if (answer.platforms.some((platform) => hostArchitectureOf(platform) === architecture)) return [];
    return [{ container: name, image, platform: platformOf(architecture) }];
  });
}

function missingSentence(
  { service, images, hosts }: GateQuestion,
  missing: readonly MissingPlatform[],
): string {
  const lacking = missing.map(({ container, image, platform }) => {
    const answer = images[image];
    const has = answer !== undefined && "platforms" in answer ? list(answer.platforms) : "";
    return `container ${container} has no ${platform} image (${image} is for ${has === "" ? "no platform" : has})`;
  });
  const where = CPU_ARCHITECTURES.filter((one) =>
    missing.some(({ platform }) => platform === platformOf(one)),
  ).map((one) => {
    const names = groupsWith(hosts, one).map(({ name }) => name);
    return `${one} hosts behind ${list(names)}`;
  });
  return `service ${service} has ${where.join(", ")}, but ${lacking.join(" · ")}`;
}

/** Images nobody could ask about, and platforms that were built for nobody. */
function notesOf({ service, containers, images, hosts }: GateQuestion): readonly string[] {
  const notes = [...hosts.notes];
  for (const { name, image, ours } of containers) {
    const answer = images[image];
    if (answer === undefined || "unknown" in answer) {
      const why = answer === undefined ? "it was not asked for" : answer.unknown;
      notes.push(`the platforms of ${image} (container ${name}) are unknown: ${why}`);
    } else if ("platforms" in answer && ours) {
      const idle = answer.platforms.filter((platform) => {
        const architecture = hostArchitectureOf(platform);
        return architecture === undefined || groupsWith(hosts, architecture).length === 0;
      });
      if (idle.length > 0)
        notes.push(`no host of service ${service} runs ${list(idle)} of container ${name}`);
    }
  }
  return notes;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
