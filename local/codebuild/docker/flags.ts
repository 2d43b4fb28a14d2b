/** A command line that is not supported, or not complete; the message says what is. */
export class UsageError extends Error {}

/** How the flags of one command are written: `value` takes one, `switch` none (or `=true`, `=false`). */
export type FlagKinds = Readonly<Record<string, "value" | "switch">>;

export interface ParsedFlags {
  /** Every value of every flag that was given, by its long name; switches have `true` or `false`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
}

/**
 * Reads flags as docker does: `--flag value`, `--flag=value`, `-f value`, `-fvalue`; `--` ends them.
 *
 * @param kinds by long name, with dashes
 * @param short the long name of each short flag
 * @throws UsageError naming a flag that is not in `kinds`, with those that are
 */
export function parseFlags(
  command: string,
  args: readonly string[],
  kinds: FlagKinds,
  short: Readonly<Record<string, string>> = {},
): ParsedFlags {
  const flags = new Map<string, string[]>();
  const positionals: string[] = [];
  const add = (name: string, value: string) => flags.set(name, [...(flags.get(name) ?? []), value]);
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--") {
      positionals.push(...rest.splice(0));
    } else if (!argument.startsWith("-") || argument === "-") {
      positionals.push(argument);
    } else {
      const { name, value } = nameAndValue(argument, short);
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      if (kind === undefined) throw unsupported(command, name, kinds);
      if (kind === "switch") add(name, value ?? "true");
      else add(name, value ?? required(command, name, rest.shift()));
    }
  }
  return { flags, positionals };
}

function nameAndValue(argument: string, short: Readonly<Record<string, string>>) {
  if (!argument.startsWith("--")) {
    const letter = argument.slice(0, 2);
    const attached = argument.slice(2).replace(/^=/, "");
    return { name: short[letter] ?? letter, value: attached === "" ? undefined : attached };
  }
  const equals = argument.indexOf("=");
  if (equals === -1) return { name: argument, value: undefined };
  return { name: argument.slice(0, equals), value: argument.slice(equals + 1) };
}

function required(command: string, name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`${command}: ${name} needs a value`);
  return value;
}

function unsupported(command: string, name: string, kinds: FlagKinds): UsageError {
  const names = Object.keys(kinds).sort().join(", ");
  return new UsageError(`${command}: local builds do not support ${name}. Supported: ${names}`);
}

/** Reads `key=value,key=value`, where a whole `"key=value,value"` may be quoted, as docker reads CSV. */
export function parseCsv(text: string): ReadonlyMap<string, string> {
  const fields = text.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [];
  return new Map(
    fields.map((field) => {
      const plain = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
      const equals = plain.indexOf("=");
      return equals === -1 ? [plain, ""] : [plain.slice(0, equals), plain.slice(equals + 1)];
    }),
  );
}
