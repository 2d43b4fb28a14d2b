import type { Command } from "commander";
import type { InboxItem } from "../../shared/pipeline/api-views.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { closing } from "../help.ts";
import { clock, createPaint, type Paint, printableDeep, shortCommit } from "../render/text.ts";

/** `tandem inbox` */
export function addInbox(program: Command, context: CliContext): void {
  withApi(program.command("inbox"))
    .description("list what waits for you")
    .addHelpText("after", closing(["tandem inbox", "tandem inbox --json"]))
    .action(async (options: ApiOptions) => {
      const answer = await connect(context, options).api.inbox();
      const { out, colours } = context.terminal;
      if (options.json) return out(asJson(answer));
      const { person, items } = printableDeep(answer);
      if (items.length === 0) return out(`nothing waits for ${person}\n`);
      const paint = createPaint(colours);
      out(page(items.flatMap((item, at) => [...(at === 0 ? [] : [""]), ...itemLines(item, paint)])));
    });
}

function itemLines(item: InboxItem, paint: Paint): readonly string[] {
  const { pipeline, stage, run, since } = item;
  const when = since === undefined ? "" : ` since ${clock(since)} UTC`;
  if (item.type === "hold") {
    return [
      `${paint.strong(`${pipeline}/${stage}`)} is held${when}: ${item.reason}`,
      `  release it: tandem release-hold ${pipeline} ${stage} --reason WHY`,
    ];
  }
  const { commit, ref, author, gate, barred } = item;
  const by = author === undefined ? "" : ` by ${author}`;
  return [
    `${paint.strong(run)} waits for ${stage}${when}`,
    `  ${ref.replace(/^refs\/(?:heads|tags)\//, "")} ${shortCommit(commit)}${by}`,
    `  ${gate.approvals.length} of ${gate.required} approvals, until ${clock(gate.expiresAt)} UTC`,
    barred === undefined
      ? `  decide: tandem approve ${run} ${stage}  or  tandem refuse ${run} ${stage} --reason WHY`
      : paint.waiting(`  not yours to approve: ${barred}`),
  ];
}
