const EXIT_CODES: Readonly<Record<number, string>> = {
  0: "done, and it went well",
  1: "what was asked for did not come out well",
  2: "the command line is wrong",
  3: "nothing answers at the address",
  4: "no such run, stage or pipeline",
  5: "not allowed",
  6: "not as things stand",
};

/** What stands below a command's options: an example of its use, and its exit codes. */
export function closing(
  examples: readonly string[],
  meanings: Readonly<Record<number, string>> = EXIT_CODES,
): string {
  const shown = examples.map((example) => `  $ ${example}`).join("\n");
  const codes = Object.entries(meanings).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return `\n${examples.length === 1 ? "Example" : "Examples"}:\n${shown}\n\nExit codes:\n${codes.join("\n")}`;
}

/** The usual meanings, some of them said more exactly. */
export const meaning = (special: Readonly<Record<number, string>>) => ({ ...EXIT_CODES, ...special });
