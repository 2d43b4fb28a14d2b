import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { findService } from "../find-stage.ts";
import { closing, meaning } from "../help.ts";
import { persist } from "../persist.ts";
import { printable } from "../render/text.ts";

interface ShiftOptions extends ApiOptions {
  readonly to: string;
  readonly steps: string;
  readonly bake: string;
}

/** `tandem shift [PIPELINE STAGE] SERVICE --to graviton=75%` */
export function addShift(program: Command, context: CliContext): void {
  withApi(program.command("shift"))
    .description("move a service's tasks between capacity providers, step by step")
    .argument(
      "<service...>",
      "pipeline, stage and ECS service, or the service alone where one stage deploys it",
    )
    .requiredOption(
      "--to <shares>",
      "capacity providers (or how their names end) and their share, e.g. graviton=75%",
    )
    .option("--steps <number>", "in how many even steps", "1")
    .option("--bake <minutes>", "minutes that each step must hold before the next", "0")
    .addHelpText(
      "after",
      closing(
        [
          "tandem shift production/web --to graviton=75%",
          "tandem shift hello production web --to production-graviton=75% --steps 3 --bake 10",
        ],
        meaning({ 6: "the service cannot be shifted so" }),
      ),
    )
    .action(async (words: readonly string[], given: ShiftOptions) => {
      const { to, steps, bake, ...options } = given;
      const wish = {
        id: randomUUID(),
        to: sharesOf(to),
        steps: wholeNumber("--steps", steps),
        bakeMinutes: wholeNumber("--bake", bake),
      };
      const { api } = connect(context, options);
      const { pipeline, stage, ...target } = await findService(api, words);
      const answer = await persist(() => api.move(pipeline, stage, "shift", { ...wish, ...target }));
      const { out } = context.terminal;
      if (options.json) return out(asJson(answer));
      out(page([printable(answer.message), `follow it: tandem watch ${answer.run.id}`]));
    });
}

/** `a=75%,b=25%`, with or without the percent signs. */
function sharesOf(text: string): Readonly<Record<string, number>> {
  const shares = text.split(",").map((part): readonly [string, number] => {
    const [, name, percent] = /^\s*([\w:/-]+)=(\d{1,3})%?\s*$/.exec(part) ?? [];
    if (name === undefined || Number(percent) > 100) {
      const message = `--to: "${part}" is no share: write PROVIDER=PERCENT, e.g. graviton=75%`;
      throw new Failure(EXIT.usage, "usage", message);
    }
    return [name, Number(percent)];
  });
  const twice = shares.find(([name], at) => shares.findIndex(([other]) => other === name) !== at);
  if (twice !== undefined)
    throw new Failure(EXIT.usage, "usage", `--to: "${text}" says two shares of ${twice[0]}: name it once`);
  return Object.fromEntries(shares);
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new Failure(EXIT.usage, "usage", `${option}: "${text}" is no whole number`);
}
