import { unpackArchive } from "./archive-source.ts";
import { Refusal } from "./build-error.ts";
import type { BuildContext } from "./context-tree.ts";
import { type Changes, copyInto, findSources, type Source } from "./copy.ts";
import { type Instruction, parseHeredocStart } from "./dockerfile.ts";
import type { Directory, FileEntry, Ownership } from "./file-tree.ts";
import { isRemote } from "./refused.ts";
import type { Spool } from "./spool.ts";
import { expandVariables, jsonStrings, splitPlain } from "./words.ts";

/** What COPY and ADD work with. */
export interface CopySurroundings {
  /** The stage's file system, which is changed. */
  readonly root: Directory;
  readonly workingDirectory: string;
  /** Where the sources are. */
  readonly from: Directory;
  /** The context, when the sources are there: tells why something is missing. */
  readonly context: BuildContext | undefined;
  readonly expand: (word: string) => string;
  readonly spool: Spool;
  readonly signal: AbortSignal | undefined;
}

/**
 * Carries out COPY or ADD in a stage's file system.
 *
 * @returns what changed: the layer
 * @throws Refusal
 * @see https://docs.docker.com/reference/dockerfile/#copy
 */
export async function runCopy(instruction: Instruction, surroundings: CopySurroundings): Promise<Changes> {
  const { keyword, text, heredocs } = instruction;
  const { expand, workingDirectory } = surroundings;
  // Of a heredoc's text only the first line holds words.
  const words = (jsonStrings(text) ?? splitPlain(text)).map((word) =>
    parseHeredocStart(word) ? word : expand(word),
  );
  const target = words.pop();
  if (target === undefined || words.length === 0) {
    throw new Refusal(`${keyword} needs a source and a destination`, `write ${keyword} SOURCE DESTINATION`);
  }
  const remote = words.find((word) => keyword === "ADD" && isRemote(word));
  if (remote !== undefined) {
    throw new Refusal(
      `ADD ${remote}: the built-in builder fetches nothing from the network`,
      "COPY a local file",
    );
  }
  const sources = words.flatMap((word): readonly Source[] => {
    const start = parseHeredocStart(word);
    const heredoc = start && heredocs.find(({ name }) => name === start.name);
    if (heredoc)
      return [
        textSource(
          heredoc.name,
          heredoc.expands ? expandVariables(heredoc.content, expand) : heredoc.content,
        ),
      ];
    return findSources(surroundings.from, word, (pattern) => missing(keyword, pattern, surroundings.context));
  });
  if (words.length > 1 && !isDirectoryName(target)) {
    throw new Refusal(
      `${keyword} has several sources, but its destination ${target} is not written as a directory`,
      `write ${target}/`,
    );
  }
  const owner = ownerOf(instruction, expand);
  const destination = target.startsWith("/") ? target : `${workingDirectory}/${target}`;
  const intoDirectory = isDirectoryName(target) || sources.length > 1;
  const unpacked = await unpackSources(instruction, sources, surroundings);
  const changes: Changes = new Map();
  for (const { source, archive } of unpacked) {
    const part = copyInto(surroundings.root, {
      sources: [archive ? { name: source.name, node: archive } : source],
      destination,
      intoDirectory,
      owner,
    });
    for (const [path, node] of part) changes.set(path, node);
  }
  return changes;
}

/** A destination that ends in `/` or is `.` or `..` is a directory, whether it is there yet or not. */
function isDirectoryName(target: string): boolean {
  return /(?:^|\/)\.{0,2}$/.test(target);
}

function textSource(name: string, content: string): Source {
  const bytes = Buffer.from(content);
  return {
    name,
    node: { kind: "file", mode: 0o644, uid: 0, gid: 0, size: bytes.length, content: { bytes } },
  };
}

async function unpackSources(
  { keyword, flags }: Instruction,
  sources: readonly Source[],
  { spool, signal }: CopySurroundings,
): Promise<{ readonly source: Source; readonly archive: Directory | undefined }[]> {
  const unpacks = keyword === "ADD" && flags.find((flag) => flag.name === "unpack")?.value !== "false";
  const archiveOf = (name: string, node: FileEntry) => unpackArchive(name, node, spool, signal);
  return Promise.all(
    sources.map(async (source) => ({
      source,
      archive: unpacks && source.node.kind === "file" ? await archiveOf(source.name, source.node) : undefined,
    })),
  );
}

function ownerOf({ keyword, flags }: Instruction, expand: (word: string) => string): Partial<Ownership> {
  const value = (name: string): string | undefined => {
    const flag = flags.find((one) => one.name === name);
    return flag === undefined ? undefined : expand(flag.value ?? "");
  };
  const chown = value("chown");
  const chmod = value("chmod");
  const ids = /^(\d+)(?::(\d+))?$/.exec(chown ?? "");
  if (chown !== undefined && !ids) {
    throw new Refusal(
      `${keyword} --chown=${chown}: the built-in builder takes numbers only`,
      "write the user's and group's numbers, e.g. --chown=1000:1000",
    );
  }
  if (chmod !== undefined && !/^[0-7]{1,4}$/.test(chmod)) {
    throw new Refusal(
      `${keyword} --chmod=${chmod}: the built-in builder takes octal numbers only`,
      "write for example --chmod=755",
    );
  }
  return {
    ...(ids ? { uid: Number(ids[1]), gid: Number(ids[2] ?? ids[1]) } : {}),
    ...(chmod === undefined ? {} : { mode: Number.parseInt(chmod, 8) }),
  };
}

function missing(keyword: string, pattern: string, context: BuildContext | undefined): Refusal {
  if (!context) {
    return new Refusal(
      `${keyword}: ${pattern} is not in the stage or image it is copied from`,
      "correct the path",
    );
  }
  const path = pattern
    .split("/")
    .filter((step) => step !== "" && step !== ".")
    .join("/");
  if (context.ignoreFile !== undefined && context.ignore.excludes(path)) {
    return new Refusal(
      `${keyword}: ${pattern} is not in the build context: ${context.ignoreFile} keeps it out`,
      `let it in with a line !${path}, or copy something else`,
    );
  }
  return new Refusal(
    `${keyword}: ${pattern} is not in the build context`,
    "correct the path, which counts from the context's folder, or add the file",
  );
}
