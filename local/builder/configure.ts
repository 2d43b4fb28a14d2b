import { Refusal } from "./build-error.ts";
import type { Instruction } from "./dockerfile.ts";
import { parseHealthcheck } from "./healthcheck.ts";
import type { ImageConfig, RuntimeConfig } from "./image-config.ts";
import { jsonStrings, splitPlain, splitQuoted } from "./words.ts";

/** What instructions that only describe the image work on. */
export interface Description {
  image: ImageConfig;
  /** ARGs of the stage that have a value. */
  readonly args: Map<string, string>;
  /** Whether the stage has had a CMD of its own: an ENTRYPOINT voids an inherited one. */
  commandSet: boolean;
}

/** Takes quotes and escapes out of a word and puts variables in. */
type Expand = (word: string) => string;
type Configure = (
  description: Description,
  instruction: Instruction,
  expand: Expand,
  escapeCharacter: string,
) => void;

/**
 * The instructions that change nothing but the configuration, by keyword.
 * @see https://docs.docker.com/reference/dockerfile/
 */
export const configure: Readonly<Record<string, Configure>> = {
  ENV(description, { text }, expand, escapeCharacter) {
    const variables = new Map(environment(description.image));
    for (const [name, value] of pairs("ENV", text, escapeCharacter))
      variables.set(expand(name), expand(value));
    change(description, { Env: [...variables].map(([name, value]) => `${name}=${value}`) });
  },
  LABEL(description, { text }, expand, escapeCharacter) {
    const added = pairs("LABEL", text, escapeCharacter).map(([name, value]) => [expand(name), expand(value)]);
    change(description, { Labels: { ...description.image.config.Labels, ...Object.fromEntries(added) } });
  },
  MAINTAINER(description, { text }) {
    description.image = { ...description.image, author: text };
  },
  USER(description, { text }, expand) {
    change(description, { User: one("USER", text, expand) });
  },
  STOPSIGNAL(description, { text }, expand) {
    const signal = one("STOPSIGNAL", text, expand);
    if (!/^(?:\d{1,2}|(?:SIG)?[A-Z][A-Z0-9+-]*)$/i.test(signal)) {
      throw new Refusal(`STOPSIGNAL ${signal} is not a signal`, "use a name like SIGTERM, or a number");
    }
    change(description, { StopSignal: signal });
  },
  EXPOSE(description, { text }, expand) {
    const ports = splitPlain(text)
      .flatMap((word) => splitPlain(expand(word)))
      .flatMap(portsOf);
    if (ports.length === 0) throw new Refusal("EXPOSE names no port", "write EXPOSE 8080, for example");
    const added = Object.fromEntries(ports.map((port) => [port, {}]));
    change(description, { ExposedPorts: { ...description.image.config.ExposedPorts, ...added } });
  },
  VOLUME(description, { text }, expand) {
    const volumes = (jsonStrings(text) ?? splitPlain(text)).map(expand);
    if (volumes.length === 0) throw new Refusal("VOLUME names no path", "write VOLUME /data, for example");
    const added = Object.fromEntries(volumes.map((volume) => [volume, {}]));
    change(description, { Volumes: { ...description.image.config.Volumes, ...added } });
  },
  SHELL(description, { text }) {
    const shell = jsonStrings(text);
    if (!shell || shell.length === 0) {
      throw new Refusal(`SHELL ${text} is not in JSON form`, 'write SHELL ["/bin/sh", "-c"], for example');
    }
    change(description, { Shell: shell });
  },
  CMD(description, { text }) {
    change(description, { Cmd: command(text, description.image.config) });
    description.commandSet = true;
  },
  ENTRYPOINT(description, { text }) {
    const { Cmd: _inherited, ...config } = description.image.config;
    const kept = description.commandSet ? description.image.config : config;
    description.image = {
      ...description.image,
      config: { ...kept, Entrypoint: command(text, description.image.config) },
    };
  },
  HEALTHCHECK(description, instruction) {
    change(description, { Healthcheck: parseHealthcheck(instruction) });
  },
};

/** The environment of an image as names and values. */
export function environment(image: ImageConfig): readonly (readonly [string, string])[] {
  return (image.config.Env ?? []).map((variable) => {
    const at = variable.indexOf("=");
    return at < 0 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
  });
}

function change(description: Description, members: Partial<RuntimeConfig>): void {
  description.image = { ...description.image, config: { ...description.image.config, ...members } };
}

/** `A=b C="d e"`, or the old form `A the rest of the line`. */
function pairs(
  keyword: string,
  text: string,
  escapeCharacter: string,
): readonly (readonly [string, string])[] {
  const words = splitQuoted(text, escapeCharacter);
  const [first] = words;
  if (first === undefined) throw new Refusal(`${keyword} names nothing`, `write ${keyword} NAME=value`);
  if (!first.includes("=")) {
    const value = text.slice(first.length).trim();
    if (value === "")
      throw new Refusal(`${keyword} ${first} has no value`, `write ${keyword} ${first}=value`);
    return [[first, value]];
  }
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
    throw new Refusal(`${keyword}: ${word} is not NAME=value`, "put blanks in a value between quotes");
  });
}

function one(keyword: string, text: string, expand: Expand): string {
  const word = expand(text);
  if (splitPlain(word).length !== 1)
    throw new Refusal(`${keyword} takes exactly one word, not '${text}'`, "give one");
  return word;
}

function command(text: string, { Shell }: RuntimeConfig): string[] {
  if (text === "") throw new Refusal("there is no command", 'write it as ["program", "argument"]');
  return jsonStrings(text) ?? [...(Shell ?? ["/bin/sh", "-c"]), text];
}

/** `8080`, `8080/udp` or a range like `8000-8003/tcp`, as the configuration lists them. */
function portsOf(word: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65_535 || last < first) {
    throw new Refusal(
      `EXPOSE ${word} is not a port`,
      "use 1 to 65535, a range like 8000-8003, and /tcp or /udp",
    );
  }
  const protocol = (match[3] ?? "tcp").toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}
