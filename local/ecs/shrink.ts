import { type Counts, providerToShrink } from "./capacity.ts";
import type { Task } from "./task.ts";
import type { StrategyItem } from "./types.ts";

type Candidate = Pick<Task, "arn" | "capacityProviderName" | "instanceArn">;

/** Tasks on no host (Fargate's) count as one each. */
const hostOf = (task: Candidate): string => task.instanceArn ?? task.arn;

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

/**
 * Picks the tasks to stop: from the capacity provider with most beyond its share, there from the fullest host, so that what
 * stays is spread as it was placed.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html ("scale-in")
 */
export function pickToStop<T extends Candidate>(
  tasks: readonly T[],
  number: number,
  strategy: readonly StrategyItem[],
): readonly T[] {
  if (number >= tasks.length) return tasks;
  const providerOf = ({ capacityProviderName }: Candidate): string => capacityProviderName ?? "";
  const counts = countBy(tasks, providerOf);
  const onHost = countBy(tasks, hostOf);
  const byProvider = new Map<string, Map<string, T[]>>();
  for (const task of tasks) {
    const hosts = byProvider.get(providerOf(task)) ?? new Map<string, T[]>();
    byProvider.set(providerOf(task), hosts);
    const onIts = hosts.get(hostOf(task)) ?? [];
    hosts.set(hostOf(task), onIts);
    onIts.push(task);
  }
  const picked: T[] = [];
  while (picked.length < number) {
    const provider = providerToShrink(strategy, counts) ?? "";
    const task = fromFullest(byProvider.get(provider) ?? new Map<string, T[]>(), onHost);
    if (task === undefined) break;
    picked.push(task);
    counts.set(provider, (counts.get(provider) ?? 1) - 1);
    onHost.set(hostOf(task), (onHost.get(hostOf(task)) ?? 1) - 1);
  }
  return picked;
}

function fromFullest<T>(hosts: Map<string, T[]>, onHost: Counts): T | undefined {
  let fullest: string | undefined;
  for (const [host, tasks] of hosts) {
    if (tasks.length === 0) continue;
    if (fullest === undefined || (onHost.get(host) ?? 0) > (onHost.get(fullest) ?? 0)) fullest = host;
  }
  return fullest === undefined ? undefined : hosts.get(fullest)?.shift();
}
