import type { Architecture, RunContainer } from "../engine.ts";

/** The label that every container of an emulator carries. */
export const instanceLabel = (instance: string): string => `tandem.local=${instance}`;

export const platformOf: Readonly<Record<Architecture, string>> = {
  x86_64: "linux/amd64",
  arm64: "linux/arm64",
};

/**
 * The arguments of `run` (or `create`) that docker and podman share, from the name to the command. Only the first word of an
 * entry point is an option of theirs; the others come before the command, and as with ECS, an entry point of one's own does
 * away with the image's command.
 */
export function runArguments(options: RunContainer, instance: string, image: string): readonly string[] {
  const { entryPoint = [], command = [] } = options;
  const [program, ...rest] = entryPoint;
  return [
    "--name",
    options.name,
    "--label",
    instanceLabel(instance),
    "--platform",
    platformOf[options.architecture],
    ...Object.entries(options.environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...(options.interactive === true ? ["--interactive"] : []),
    ...(options.user === undefined ? [] : ["--user", options.user]),
    ...(options.workingDirectory === undefined ? [] : ["--workdir", options.workingDirectory]),
    ...(options.readonlyRootFilesystem === true ? ["--read-only"] : []),
    ...(program === undefined ? [] : ["--entrypoint", program]),
    image,
    ...rest,
    ...command,
  ];
}
