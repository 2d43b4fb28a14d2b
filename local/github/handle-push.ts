import type { RefChange } from "../codecommit/push-events.ts";
import type { Github } from "./core.ts";
import { followPush } from "./pulls.ts";
import { pushPayloads } from "./push-event.ts";
import type { GithubRepository } from "./repositories.ts";

/** Raises the events of a push, and brings along the pull requests of its branches. */
export async function handlePush(
  github: Github,
  repository: GithubRepository,
  changes: readonly RefChange[],
  login: string,
): Promise<void> {
  await github.inOrder(repository, async () => {
    const pushed = await github.repositories.change(repository, { pushedAt: github.now() });
    for (const payload of await pushPayloads(github, pushed, changes, login))
      github.webhooks.publish(pushed, { event: "push", action: null, payload });
    await followPush(github, pushed, changes, login);
  });
}
