import type { Github } from "./core.ts";
import { accountJson } from "./present/account.ts";
import { hookJson } from "./present/hook.ts";
import { repositoryJson } from "./present/repository.ts";
import type { HookRecord } from "./records.ts";
import type { GithubRepository } from "./repositories.ts";

/** The events that this stand-in raises. */
export const EVENTS: readonly string[] = ["push", "pull_request", "release"];

export type NewHook = Omit<HookRecord, "id" | "createdAt">;

/** The webhook that leads to Tandem, which every repository has from the start. */
export const DEFAULT_HOOK: NewHook = { contentType: "json", events: [...EVENTS], active: true };

/** Adds a webhook; GitHub greets it with a ping. */
export async function addHook(
  github: Github,
  repository: GithubRepository,
  wanted: NewHook,
  login: string,
): Promise<HookRecord> {
  const { records } = repository;
  const hook: HookRecord = { ...wanted, id: records.newId(), createdAt: github.now() };
  records.data.hooks.push(hook);
  await records.save();
  await ping(github, repository, hook, login);
  return hook;
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#ping */
export async function ping(
  github: Github,
  repository: GithubRepository,
  hook: HookRecord,
  login: string,
): Promise<void> {
  const payload = {
    zen: "What is tried at home need not be repaired abroad.",
    hook_id: hook.id,
    hook: hookJson(github, repository, hook),
    repository: await repositoryJson(github, repository),
    sender: accountJson(github.urls, login),
  };
  github.webhooks.send(repository, hook, { event: "ping", action: null, payload });
}
