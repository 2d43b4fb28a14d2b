import type { Deps } from "../../../shared/advance.ts";
import type { Aws } from "../../../shared/effects/aws.ts";
import type { EffectContext } from "../../../shared/effects/context.ts";
import { perform } from "../../../shared/effects/perform.ts";
import type { PipelineDefinition } from "../../../shared/pipeline/definition.ts";
import type { Store } from "../../../shared/store/stream-store.ts";
import { gatedAws, gatedStore } from "../gated.ts";
import { Invocation, type Machine } from "../invocation.ts";
import type { Sabotage } from "../sabotage.ts";
import type { Handler, Tools } from "./functions.ts";

/** `timeout` of the functions in `serverless.yml`, and of the HTTP API's. */
const TIMEOUT_MILLISECONDS = 45_000;
export const HTTP_TIMEOUT_MILLISECONDS = 29_000;

/** Lambda tries an asynchronous invocation again after one minute, then after two. */
const RETRY_MILLISECONDS = [60_000, 120_000];

export interface InvokeOptions {
  /** Whether Lambda tries again what failed. */
  readonly retried: boolean;
  readonly timeout?: number;
  readonly onSuccess?: () => void;
}

/** What the functions are deployed with. */
export interface Deployment {
  readonly store: Store;
  readonly aws: Aws;
  readonly settings: EffectContext["settings"];
  readonly sha256: EffectContext["sha256"];
  readonly pipelines: readonly PipelineDefinition[];
  readonly sabotage: Sabotage;
}

/** Runs the functions: any number at once, each with its own time-out, failed ones again. */
export class Lambda {
  readonly #machine: Machine;
  readonly #deployment: Deployment;
  #count = 0;
  #running = 0;

  constructor(machine: Machine, deployment: Deployment) {
    this.#machine = machine;
    this.#deployment = deployment;
  }

  invoke(name: string, handler: Handler, options: InvokeOptions, attempt = 0): void {
    const { agenda, weather, trace } = this.#machine;
    this.#count += 1;
    let isOver = false;
    const failed = (why: string) => {
      if (isOver) return;
      isOver = true;
      this.#running -= 1;
      const delay = RETRY_MILLISECONDS[attempt];
      if (!options.retried || delay === undefined) return;
      weather.count("retry");
      trace.note(() => `${invocation.name} failed (${why}); Lambda tries again`);
      agenda.schedule(delay, () => this.invoke(name, handler, options, attempt + 1));
    };
    const invocation = new Invocation(this.#machine, `${name}#${this.#count}`, failed);
    if (this.#running > 0) weather.count("two at once");
    this.#running += 1;
    agenda.schedule(options.timeout ?? TIMEOUT_MILLISECONDS, () => {
      if (!invocation.isAlive) return;
      weather.count("timeout");
      invocation.die("timed out");
    });
    this.#machine.isAwake = true;
    handler(this.#toolsOf(invocation)).then(
      () => {
        if (isOver) return;
        isOver = true;
        this.#running -= 1;
        invocation.end();
        options.onSuccess?.();
      },
      (error: unknown) => {
        invocation.end();
        failed(error instanceof Error ? error.message : String(error));
      },
    );
  }

  #toolsOf(invocation: Invocation): Tools {
    const { store: shared, aws, settings, sha256, pipelines, sabotage } = this.#deployment;
    const gate = invocation.gateFor({});
    const store = sabotage.store(gatedStore(shared, gate));
    const now = () => this.#machine.agenda.now;
    const deps: Deps = {
      store,
      now,
      perform: sabotage.perform((run, command) => {
        const own = gatedAws(aws, invocation.gateFor({ run, command }));
        return perform({ aws: own, store, settings, now, sha256 }, run, command);
      }, now),
    };
    return { deps, aws: sabotage.aws(gatedAws(aws, gate)), pipelines };
  }
}
