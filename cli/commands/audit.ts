import type { Command } from "commander";
import type { AuditEntry } from "../../shared/pipeline/api-views.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { closing } from "../help.ts";
import { table } from "../render/table.ts";
import { clock, createPaint, printableDeep } from "../render/text.ts";

interface AuditOptions extends ApiOptions {
  readonly from?: string;
  readonly to?: string;
  readonly pipeline?: string;
  readonly csv?: boolean;
}

/** More pages than anybody reads: the time is to be narrowed then. */
const MOST_PAGES = 1000;

/** `tandem audit [--from TIME] [--to TIME] [--json | --csv]` */
export function addAudit(program: Command, context: CliContext): void {
  withApi(program.command("audit"))
    .description("list every decision: who, what, when, on which release")
    .option("--from <time>", "from this day or time on, e.g. 2026-11-01")
    .option("--to <time>", "before this day or time")
    .option("--pipeline <name>", "of one pipeline only")
    .option("--csv", "print comma-separated values")
    .addHelpText("after", closing(["tandem audit", "tandem audit --from 2026-11-01 --to 2026-12-01 --csv"]))
    .action((options: AuditOptions) => audit(context, options));
}

async function audit(context: CliContext, options: AuditOptions): Promise<void> {
  const { api } = connect(context, options);
  const { out, colours } = context.terminal;
  const entries: AuditEntry[] = [];
  const query = new URLSearchParams();
  for (const name of ["from", "to"] as const) {
    const text = options[name];
    if (text !== undefined) query.set(name, timeOf(name, text));
  }
  if (options.pipeline !== undefined) query.set("pipeline", options.pipeline);
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const answer = await api.audit(query);
    entries.push(...answer.entries);
    if (answer.cursor === undefined) break;
    query.set("cursor", answer.cursor);
  }
  entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  if (options.json) return out(asJson({ entries }));
  if (options.csv) return out(csv(entries));
  const shown = printableDeep(entries);
  if (shown.length === 0) return out("no decisions in that time\n");
  const rows = shown.map(({ at, act, person, pipeline, stage, run, comment }) => [
    clock(at),
    person,
    act,
    run ?? pipeline,
    stage ?? "",
    comment ?? "",
  ]);
  out(
    page(table(["TIME (UTC)", "WHO", "WHAT", "RUN", "STAGE", "COMMENT"], rows, createPaint(colours).faint)),
  );
}

function timeOf(option: string, text: string): string {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  const message = `--${option}: "${text}" is no time: write 2026-11-01 or 2026-11-01T09:00Z`;
  throw new Failure(EXIT.usage, "usage", message);
}

const COLUMNS = [
  "at",
  "act",
  "person",
  "identity",
  "pipeline",
  "run",
  "stage",
  "release",
  "commit",
  "comment",
  "from",
] as const satisfies readonly (keyof AuditEntry)[];

/** https://www.rfc-editor.org/rfc/rfc4180; what a spreadsheet would take for a formula is made a text. */
function csv(entries: readonly AuditEntry[]): string {
  const cell = (value: string | undefined) => {
    const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : (value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = entries.map((entry) => COLUMNS.map((column) => cell(entry[column])).join(","));
  return [COLUMNS.join(","), ...lines, ""].join("\r\n");
}
