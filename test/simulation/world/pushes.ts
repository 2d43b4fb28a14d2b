import type { RunStarted } from "../../../shared/pipeline/pipelines.ts";
import type { Flaw } from "../aws/codecommit.ts";
import { onOpen, onPush, onWebhook } from "./functions.ts";
import { pushPayload } from "./payloads.ts";
import { ARNS, AUTHORS } from "./people.ts";
import type { World } from "./world.ts";

/** What a commit may change: files of one image, of all, or of none. */
const FILES: readonly (readonly string[])[] = [
  ["web/main.go"],
  ["web/main.go", "api/main.go", "web-worker/main.go", "api-worker/main.go"],
  ["web-worker/main.go"],
  ["api/main.go"],
  ["docs/use.md"],
  ["docs/use.md", "web/main.go"],
];

/** Developers: branches that move forwards, backwards and away, tags, and branches that no pipeline wants. */
export class Pushes {
  readonly #world: World;
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  push(): void {
    const { machine, scenario, codecommit } = this.#world;
    const { random, weather } = machine;
    const { repository } = random.pick(scenario.pipelines).source;
    const ref = random.pick(["main", "main", "main", "main", "main", "main", "release/1", "idea", "tag"]);
    const author = random.pick(AUTHORS);
    const full = ref === "tag" ? `refs/tags/v1.0.${this.#count}` : `refs/heads/${ref}`;
    const history = codecommit.historyOf(repository, full);
    const before = history.at(-2);
    if (before !== undefined && weather.strikes("push back", 0.05)) {
      this.#move(repository, full, before, ARNS[author]);
      return;
    }
    const flaw = this.#flaw();
    const { sha } = codecommit.commit({
      author,
      message: random.chance(0.06) ? "notes [skip ci]" : "work",
      changed: random.pick(FILES),
      parent: codecommit.headOf(repository, full) ?? codecommit.headOf(repository, "refs/heads/main"),
      ...(flaw === undefined ? {} : { flaw }),
    });
    this.#move(repository, full, sha, ARNS[author]);
    if (ref === "release/1" && random.chance(0.2)) codecommit.delete(repository, full);
  }

  #flaw(): Flaw | undefined {
    const { random } = this.#world.machine;
    if (!random.chance(this.#world.scenario.rates.badCommit)) return undefined;
    return {
      platform: random.pick(["linux/amd64", "linux/arm64"]),
      how: random.pick([
        "does not build",
        "does not build",
        "other platform",
        "provenance",
        "not pushed",
        "not exported",
      ]),
    };
  }

  #move(repository: string, ref: string, commit: string, pusher: string): void {
    const { codecommit, bus, lambda, machine, checks, scenario } = this.#world;
    const before = codecommit.move(repository, ref, commit);
    this.#count += 1;
    const id = `push-${this.#count}`;
    machine.trace.note(() => `${pusher} pushes ${commit.slice(0, 7)} to ${ref} of ${repository} (${id})`);
    const payload = pushPayload({ id, repository, ref, commit, before, pusher });
    const wants = scenario.pipelines.filter(
      ({ source }) => source.repository === repository && ref !== "refs/heads/idea",
    );
    const names = wants.length === 0 ? ["-"] : wants.map(({ name }) => name);
    const onSuccess = () => {
      for (const name of names) checks.deliveries.answered(id, name);
    };
    const isAtGitHub = wants.some(({ source }) => source.type === "github");
    bus.send(`push ${id}`, () => {
      if (isAtGitHub) {
        // GitHub does not try again what was not answered.
        const opening = (started: RunStarted) => this.#open(started);
        lambda.invoke("webhook", onWebhook(payload, opening), { retried: false, onSuccess });
      } else lambda.invoke("push", onPush(payload), { retried: true, onSuccess });
    });
  }

  /** An asynchronous invocation, which Lambda tries again; some are lost all the same. */
  #open({ runId }: RunStarted): void {
    const { bus, lambda } = this.#world;
    bus.send(`open ${runId}`, () => lambda.invoke("open", onOpen(runId), { retried: true }));
  }
}
