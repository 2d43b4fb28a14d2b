import type { Instruction } from "./dockerfile.ts";
import { formatPlatform, machinePlatform, type Platform } from "./platform.ts";
import { parseArgs } from "./stage-build.ts";
import type { Stage } from "./stages.ts";
import { expand } from "./words.ts";

/** What is known before the first FROM. */
export interface GlobalScope {
  /** ARGs from before the first FROM, and the platform's own. */
  readonly values: ReadonlyMap<string, string>;
  /** The stage with the variables in its FROM put in. */
  expandStage(stage: Stage): Stage;
}

/**
 * The scope that FROM lines are read in.
 *
 * @throws Refusal for an ARG or a substitution that cannot be read
 * @see https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
 */
export function globalScope(
  globalArgs: readonly Instruction[],
  platform: Platform,
  buildArgs: Readonly<Record<string, string>>,
  escapeCharacter: string,
): GlobalScope {
  const values = new Map([...platformArgs("TARGET", platform), ...platformArgs("BUILD", machinePlatform())]);
  for (const name of values.keys()) {
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    if (given !== undefined) values.set(name, given);
  }
  const put = (word: string): string => expand(word, (name) => values.get(name), escapeCharacter);
  for (const [name, fallback] of globalArgs.flatMap(({ text }) => parseArgs(text, escapeCharacter))) {
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    const value = given ?? (fallback === undefined ? values.get(name) : put(fallback));
    if (value !== undefined) values.set(name, value);
  }
  return {
    values,
    expandStage: (stage) => ({
      ...stage,
      base: put(stage.base),
      platform: stage.platform === undefined ? undefined : put(stage.platform),
    }),
  };
}

function platformArgs(
  prefix: "TARGET" | "BUILD",
  platform: Platform,
): readonly (readonly [string, string])[] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ""],
  ];
}
