import type { RunView } from "../shared/pipeline/view.ts";
import { APPROVER, type Clients } from "./clients.ts";
import type { Display } from "./display.ts";
import type { DemoOptions } from "./options.ts";

/** Who decides on a stage: the person at the terminal, or nobody where there is none; either way as alice. */
export function createDecide(clients: Clients, display: Display, options: DemoOptions) {
  const { terminal, yes, signal } = options;
  const ask = yes ? undefined : terminal.ask;
  /** @returns milliseconds that a person took to answer */
  return async (run: RunView, stageName: string): Promise<number> => {
    const gate = run.stages.find(({ name }) => name === stageName)?.gate;
    if (gate === undefined) return 0;
    const began = performance.now();
    const agreed = ask === undefined || (await confirmed(ask, stageName, signal));
    const personMs = ask === undefined ? 0 : performance.now() - began;
    const { message } = await clients.tandem.decide(run.id, stageName, {
      decision: agreed ? "approve" : "refuse",
      release: gate.release,
      comment: agreed ? "approved in the demo" : "refused in the demo",
    });
    const why = yes ? " (--yes)" : ask === undefined ? " (there is no terminal to ask in)" : "";
    display.say(`  ${display.paint.strong(message)}${why}`);
    return personMs;
  };
}

async function confirmed(
  ask: NonNullable<DemoOptions["terminal"]["ask"]>,
  stage: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const answer = await ask(`  you are ${APPROVER}, a release manager: release to ${stage}? (y/n) `, signal);
    if (/^y(es)?$/i.test(answer.trim())) return true;
    if (/^no?$/i.test(answer.trim())) return false;
  }
}
