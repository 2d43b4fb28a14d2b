import { z } from "zod";

const call = z.object({
  sequence: z.number(),
  service: z.string(),
  operation: z.string(),
  caller: z.string(),
  startMs: z.number(),
  endMs: z.number(),
  error: z.string().optional(),
});

export type Call = z.infer<typeof call>;

const entry = z.object({
  sequence: z.number(),
  deliveries: z.number(),
  rules: z.array(z.string()),
  fault: z.string().optional(),
  event: z.object({ id: z.string(), "detail-type": z.string(), source: z.string(), detail: z.unknown() }),
});

export type EventEntry = z.infer<typeof entry>;

/** `/_local/`: what AWS does not have. */
export class Control {
  readonly #url: string;

  constructor(url: string) {
    this.#url = `${url}/_local`;
  }

  /** The AWS calls that began after the one numbered `since` and have ended. */
  async calls(since = 0): Promise<readonly Call[]> {
    return z.object({ calls: z.array(call) }).parse(await this.#ask("GET", `/calls?since=${since}`)).calls;
  }

  async lastCall(): Promise<number> {
    return z.object({ last: z.number() }).parse(await this.#ask("GET", "/calls?since=1000000000")).last;
  }

  async events(): Promise<readonly EventEntry[]> {
    return z.object({ events: z.array(entry) }).parse(await this.#ask("GET", "/events?since=0")).events;
  }

  /** Delivers an event again. @returns the rules that take it */
  async replay(id: string): Promise<readonly string[]> {
    const answer = await this.#ask("POST", "/events/replay", { id });
    return z.object({ rules: z.array(z.string()) }).parse(answer).rules;
  }

  async loseEvents(detailType: string, times: number): Promise<void> {
    await this.#ask("POST", "/events/faults", { mode: "lose", detailType, times });
  }

  /** Events arrive again. */
  async clearEventFaults(): Promise<void> {
    await this.#ask("DELETE", "/events/faults");
  }

  /** The next event of a type arrives so much later. */
  async delayEvents(detailType: string, milliseconds: number): Promise<void> {
    await this.#ask("POST", "/events/faults", { mode: "delay", detailType, milliseconds });
  }

  /** Makes calls of an operation, such as `ecs.UpdateService`, take so much longer. */
  async delayCalls(operation: string, milliseconds: number): Promise<void> {
    await this.#ask("POST", "/faults", { operation, mode: "delay", milliseconds, times: 1000 });
  }

  /** Runs every schedule of the stack now, i.e. the sweep. */
  async runSchedules(): Promise<void> {
    await this.#ask("POST", "/schedules/run");
  }

  async #ask(method: string, path: string, content?: unknown): Promise<unknown> {
    const body = content === undefined ? {} : { body: JSON.stringify(content) };
    const response = await fetch(this.#url + path, { method, ...body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
