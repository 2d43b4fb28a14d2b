import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { closing, meaning } from "../help.ts";
import { renderIndex } from "../render/image-index.ts";
import { createPaint, printableDeep } from "../render/text.ts";

/** `tandem index verify REPO@DIGEST` */
export function addIndex(program: Command, context: CliContext): void {
  const index = program.command("index").description("look at image indexes in the registry");
  withApi(index.command("verify"))
    .description("check an index and everything it lists: bytes, sizes, platforms, attestations")
    .argument("<image>", "REPOSITORY@DIGEST, e.g. hello@sha256:…")
    .addHelpText(
      "after",
      closing(
        [`tandem index verify hello@sha256:${"0".repeat(8)}…`],
        meaning({
          0: "nothing is wrong with it",
          1: "something is wrong; it is said",
          4: "no such repository",
        }),
      ),
    )
    .action((image: string, options: ApiOptions) => verify(context, image, options));
}

async function verify(context: CliContext, image: string, options: ApiOptions): Promise<void> {
  const [, repository, digest] = /^([^@\s]+)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (repository === undefined || digest === undefined)
    throw new Failure(
      EXIT.usage,
      "bad-image",
      `"${image}" is no REPOSITORY@DIGEST: \`tandem show RUN\` names the index of a run`,
    );
  const { api } = connect(context, options);
  const found = await api.index(repository, digest);
  context.exit(found.ok ? EXIT.ok : EXIT.failed);
  const { out, colours } = context.terminal;
  if (options.json) return out(asJson(found));
  out(page(renderIndex(printableDeep(found), createPaint(colours))));
}
