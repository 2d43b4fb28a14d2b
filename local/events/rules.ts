import { AwsError } from "../service.ts";
import type { Rule } from "./rule.ts";
import { startSchedule } from "./schedule.ts";

/** The rules of the default bus, and the clocks of those that have a schedule. */
export interface Rules {
  list(): readonly Rule[];
  /** @throws AwsError ResourceNotFoundException */
  find(name: string): Rule;
  /** Creates or replaces a rule; a schedule that stays the same goes on counting. */
  put(rule: Rule): void;
  /** @throws AwsError ResourceNotFoundException */
  switch(name: string, enabled: boolean): void;
  close(): void;
}

/** @param fire puts the event of a scheduled rule */
export function createRules(now: () => number, fire: (rule: Rule) => void): Rules {
  const rules = new Map<string, Rule>();
  const clocks = new Map<string, { readonly expression: string; readonly stop: () => void }>();

  const find = (name: string): Rule => {
    const rule = rules.get(name);
    if (rule === undefined) {
      throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`);
    }
    return rule;
  };

  const setClock = ({ name, enabled, schedule }: Rule): void => {
    const wanted = enabled ? schedule : undefined;
    const running = clocks.get(name);
    if (running?.expression === wanted?.expression) return;
    running?.stop();
    clocks.delete(name);
    if (wanted === undefined) return;
    const stop = startSchedule(wanted.parsed, now, () => fire(find(name)));
    clocks.set(name, { expression: wanted.expression, stop });
  };

  const put = (rule: Rule): void => {
    rules.set(rule.name, rule);
    setClock(rule);
  };

  return {
    list: () => [...rules.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    find,
    put,
    switch: (name, enabled) => put({ ...find(name), enabled }),
    close() {
      for (const { stop } of clocks.values()) stop();
      clocks.clear();
    },
  };
}
