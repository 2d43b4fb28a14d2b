import { BuildError, type BuildFault } from "./build-error.ts";
import type { Dockerfile, Instruction } from "./dockerfile.ts";
import { splitPlain } from "./words.ts";

/** `FROM` and what follows it up to the next. */
export interface Stage {
  readonly index: number;
  readonly name: string | undefined;
  readonly from: Instruction;
  /** What stands after FROM, variables not yet put in: an image, a stage or `scratch`. */
  readonly base: string;
  readonly platform: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** A Dockerfile as stages, and the ARGs that stand before the first. */
export interface Stages {
  readonly globalArgs: readonly Instruction[];
  readonly stages: readonly Stage[];
}

/**
 * Divides a Dockerfile into stages.
 *
 * @throws BuildError when it begins wrongly or a FROM cannot be read
 */
export function divide({ file, instructions }: Dockerfile): Stages {
  const globalArgs: Instruction[] = [];
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  const faults: BuildFault[] = [];
  for (const instruction of instructions) {
    const current = stages.at(-1);
    if (instruction.keyword === "FROM") {
      const stage = readFrom(instruction, stages.length);
      if (stage) stages.push(stage);
      else
        faults.push({
          file,
          line: instruction.line,
          reason: `${instruction.source} cannot be read`,
          remedy: "write FROM [--platform=PLATFORM] IMAGE [AS NAME]",
        });
    } else if (current) current.instructions.push(instruction);
    else if (instruction.keyword === "ARG") globalArgs.push(instruction);
    else
      faults.push({
        file,
        line: instruction.line,
        reason: `${instruction.keyword} stands before the first FROM`,
        remedy: "begin with FROM; only ARG may stand before it",
      });
  }
  const [first, ...more] = faults;
  if (first) throw new BuildError([first, ...more]);
  if (stages.length === 0) {
    throw new BuildError([
      { file, line: 0, reason: "there is no FROM", remedy: "begin with FROM scratch or FROM IMAGE" },
    ]);
  }
  return { globalArgs, stages };
}

function readFrom(from: Instruction, index: number): (Stage & { instructions: Instruction[] }) | undefined {
  const [base, as, name, ...rest] = splitPlain(from.text);
  if (base === undefined || rest.length > 0 || (as !== undefined && as.toUpperCase() !== "AS"))
    return undefined;
  if (as !== undefined && (name === undefined || !/^[a-z][a-z0-9-_.]*$/i.test(name))) return undefined;
  const unknown = from.flags.some((flag) => flag.name !== "platform");
  const platform = from.flags.find((flag) => flag.name === "platform")?.value;
  return unknown ? undefined : { index, name: name?.toLowerCase(), from, base, platform, instructions: [] };
}

/** The stage that `FROM`, `COPY --from` or `--target` means: one of `earlier` by name or, for the latter two, by number. */
export function findStage(
  earlier: readonly Stage[],
  reference: string,
  byNumber: boolean,
): Stage | undefined {
  // The last stage of a name hides those before it.
  const named = earlier.findLast((stage) => stage.name === reference.toLowerCase());
  if (named || !byNumber || !/^\d+$/.test(reference)) return named;
  return earlier[Number(reference)];
}

/** The target and every stage it needs, in order: stages nobody needs are not built, as with BuildKit. */
export function neededStages(stages: readonly Stage[], target: Stage): readonly Stage[] {
  const needed = new Set<Stage>();
  const add = (stage: Stage): void => {
    if (needed.has(stage)) return;
    needed.add(stage);
    const earlier = stages.slice(0, stage.index);
    for (const { keyword, flags } of stage.instructions) {
      const from = keyword === "COPY" ? flags.find((flag) => flag.name === "from")?.value : undefined;
      const source = from === undefined ? undefined : findStage(earlier, from, true);
      if (source) add(source);
    }
    const base = findStage(earlier, stage.base, false);
    if (base) add(base);
  };
  add(target);
  return stages.filter((stage) => needed.has(stage));
}
