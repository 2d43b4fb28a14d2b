import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { AwsError, type LocalContext } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";
import { listenerSchema, loadBalancerSchema, ruleSchema, targetGroupSchema } from "./types.ts";

const version = 1;

const storedSchema = z.object({
  loadBalancers: z.array(loadBalancerSchema),
  targetGroups: z.array(targetGroupSchema),
  listeners: z.array(listenerSchema),
  rules: z.array(ruleSchema),
});
type Stored = z.infer<typeof storedSchema>;

/** As the end of an ARN. Made of the name: applying a template twice gives the same resource. */
const idOf = (name: string): string => createHash("sha256").update(name).digest("hex").slice(0, 16);

/** The load balancers and what belongs to them, by ARN. */
export class LoadBalancerStore {
  readonly loadBalancers = new Map<string, Stored["loadBalancers"][number]>();
  readonly targetGroups = new Map<string, Stored["targetGroups"][number]>();
  readonly listeners = new Map<string, Stored["listeners"][number]>();
  readonly rules = new Map<string, Stored["rules"][number]>();
  readonly #file: string;
  readonly #prefix: string;

  private constructor(context: Pick<LocalContext, "accountId" | "region" | "stateDir">) {
    this.#file = join(context.stateDir, "load-balancer", "state.json");
    this.#prefix = `arn:aws:elasticloadbalancing:${context.region}:${context.accountId}`;
  }

  /** @throws StateError for a damaged file. */
  static async open(
    context: Pick<LocalContext, "accountId" | "region" | "stateDir">,
  ): Promise<LoadBalancerStore> {
    const store = new LoadBalancerStore(context);
    const data = await readState(store.#file, version);
    if (data === undefined) return store;
    const parsed = storedSchema.safeParse(data);
    if (!parsed.success)
      throw new StateError(`${store.#file} is damaged: move it away, or use another --state`);
    for (const one of parsed.data.loadBalancers) store.loadBalancers.set(one.arn, one);
    for (const one of parsed.data.targetGroups) store.targetGroups.set(one.arn, one);
    for (const one of parsed.data.listeners) store.listeners.set(one.arn, one);
    for (const one of parsed.data.rules) store.rules.set(one.arn, one);
    return store;
  }

  save(): Promise<void> {
    const stored: Stored = {
      loadBalancers: [...this.loadBalancers.values()],
      targetGroups: [...this.targetGroups.values()],
      listeners: [...this.listeners.values()],
      rules: [...this.rules.values()],
    };
    return writeState(this.#file, version, stored);
  }

  loadBalancerArn = (name: string): string => `${this.#prefix}:loadbalancer/app/${name}/${idOf(name)}`;

  targetGroupArn = (name: string): string => `${this.#prefix}:targetgroup/${name}/${idOf(name)}`;

  listenerArn = (loadBalancerArn: string, port: number): string =>
    `${loadBalancerArn.replace(":loadbalancer/", ":listener/")}/${idOf(`${loadBalancerArn}:${port}`)}`;

  /** `default` is the rule of the listener's default actions. */
  ruleArn = (listenerArn: string, priority: number | "default"): string =>
    `${listenerArn.replace(":listener/", ":listener-rule/")}/${idOf(`${listenerArn}:${priority}`)}`;

  rulesOf(listenerArn: string): readonly Stored["rules"][number][] {
    return [...this.rules.values()].filter((rule) => rule.listenerArn === listenerArn);
  }

  /** @throws AwsError LoadBalancerNotFound */
  loadBalancer(arn: string): Stored["loadBalancers"][number] {
    return found(this.loadBalancers.get(arn), "LoadBalancerNotFound", `Load balancer '${arn}'`);
  }

  /** @throws AwsError TargetGroupNotFound */
  targetGroup(arn: string): Stored["targetGroups"][number] {
    return found(this.targetGroups.get(arn), "TargetGroupNotFound", `Target group '${arn}'`);
  }

  /** @throws AwsError ListenerNotFound */
  listener(arn: string): Stored["listeners"][number] {
    return found(this.listeners.get(arn), "ListenerNotFound", `Listener '${arn}'`);
  }

  /**
   * Whose actions an ARN of a rule, of a listener's default rule or of a listener names.
   *
   * @throws AwsError RuleNotFound
   */
  ruleOrListener(arn: string): Stored["rules"][number] | Stored["listeners"][number] {
    const listener = [...this.listeners.values()].find(
      (one) => one.arn === arn || this.ruleArn(one.arn, "default") === arn,
    );
    return found(this.rules.get(arn) ?? listener, "RuleNotFound", `Rule '${arn}'`);
  }
}

function found<Kind>(value: Kind | undefined, code: string, what: string): Kind {
  if (value === undefined) throw new AwsError(code, `${what} not found`);
  return value;
}
