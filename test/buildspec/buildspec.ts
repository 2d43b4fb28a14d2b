import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

const phase = z.object({ commands: z.array(z.string()), "on-failure": z.string().optional() });
const schema = z.strictObject({
  version: z.literal(0.2),
  env: z.strictObject({
    shell: z.literal("bash"),
    variables: z.record(z.string(), z.string()),
    "exported-variables": z.array(z.string()),
  }),
  phases: z.strictObject({ install: phase, pre_build: phase, build: phase, post_build: phase }),
});

export type Buildspec = z.infer<typeof schema>;

export async function readBuildspec(): Promise<Buildspec> {
  return schema.parse(parse(await readFile("buildspecs/build-image.yml", "utf8")));
}

/** The script that the first command writes. */
export function scriptOf({ phases }: Buildspec): string {
  const [, script] = /<<'SCRIPT'\n(.*)\nSCRIPT\n?$/s.exec(phases.install.commands[0] ?? "") ?? [];
  if (script === undefined) throw new Error("the install phase writes no script");
  return script;
}

/** All commands in their order, as CodeBuild hands them to one shell. */
export function commandsOf({ phases }: Buildspec): readonly string[] {
  return Object.values(phases).flatMap(({ commands }) => commands);
}
