import { BuildError, type BuildFault } from "./build-error.ts";
import type { Dockerfile, Instruction } from "./dockerfile.ts";
import type { Stage } from "./stages.ts";
import { jsonStrings, splitPlain } from "./words.ts";

const engineRemedy =
  "install docker, or podman with buildah, so that a container engine builds it; --engine chooses one";

const known = new Set([
  ...["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER"],
  ...["SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"],
]);

const copyFlags: Readonly<Record<string, readonly string[]>> = {
  COPY: ["from", "chown", "chmod", "link"],
  ADD: ["chown", "chmod", "link", "unpack"],
};

/** What is wrong, and what to do about it. */
type Reason = readonly [reason: string, remedy: string];

/**
 * Looks for everything in the needed stages that the built-in builder cannot do.
 *
 * @throws BuildError with all of it at once
 */
export function refuseImpossible({ file }: Dockerfile, stages: readonly Stage[]): void {
  const faults: BuildFault[] = stages
    .flatMap((stage) => stage.instructions)
    .flatMap((instruction) =>
      refusals(instruction).map(([reason, remedy]) => ({ file, line: instruction.line, reason, remedy })),
    );
  const [first, ...more] = faults;
  if (first) throw new BuildError([first, ...more]);
}

function refusals(instruction: Instruction): readonly Reason[] {
  const { keyword, source } = instruction;
  if (keyword === "RUN") {
    return [[`${short(source)}: the built-in builder cannot run commands`, engineRemedy]];
  }
  if (keyword === "ONBUILD") {
    return [[`${short(source)}: the built-in builder does not know ONBUILD`, engineRemedy]];
  }
  if (!known.has(keyword)) return [[`${keyword} is not a Dockerfile instruction`, "correct or remove it"]];
  if (keyword === "COPY" || keyword === "ADD") return copyRefusals(instruction);
  return [];
}

function copyRefusals({ keyword, flags, text, source, heredocs }: Instruction): readonly Reason[] {
  const allowed = copyFlags[keyword] ?? [];
  const faults = flags
    .filter((flag) => !allowed.includes(flag.name))
    .map((flag): Reason => [`${keyword} --${flag.name} is not known to the built-in builder`, engineRemedy]);
  const remote = (jsonStrings(text) ?? splitPlain(text)).slice(0, -1).filter(isRemote);
  if (keyword === "ADD" && remote.length > 0) {
    faults.push([
      `${short(source)}: the built-in builder fetches nothing from the network`,
      "put the file into the repository and COPY it, or install docker or podman with buildah",
    ]);
  }
  for (const { name, ends } of heredocs) {
    if (!ends) faults.push([`${short(source)}: no line ends <<${name}`, `end it with a line ${name}`]);
  }
  return faults;
}

/** Whether a source of ADD is a URL or a git repository. */
export function isRemote(source: string): boolean {
  return /^(?:https?|git|ssh):\/\//i.test(source) || /^git@[^/]+:/.test(source);
}

/** An instruction, cut where it gets long. */
function short(source: string): string {
  return source.length > 60 ? `${source.slice(0, 59)}…` : source;
}
