import { reasonOf } from "../errors.ts";
import type { LocalContext } from "../service.ts";
import { type Requested, ruleFor } from "./conditions.ts";
import { forwardTo, groupsOf, WeightedChoice } from "./forward.ts";
import { type Decision, ListenerServer } from "./listener-server.ts";
import type { LoadBalancerStore } from "./store.ts";
import { type RegisteredTarget, type Target, TargetPool, type TargetState } from "./target-pool.ts";
import type { Listener, LoadBalancer, TargetGroup, WeightedGroup } from "./types.ts";

/** Says that a target's health has changed. */
export type HealthListener = (targetGroupArn: string, target: Target, state: TargetState) => void;

/** What ECS asks of the load balancer. */
export interface LoadBalancing {
  /** @throws AwsError TargetGroupNotFound */
  targetGroup(arn: string): TargetGroup;
  /** Whether a listener or a rule forwards to the target group, with any weight. */
  isUsed(targetGroupArn: string): boolean;
  register(targetGroupArn: string, target: Target): void;
  /** Takes a target out; resolves when its requests have ended, or the deregistration delay has passed. */
  deregister(targetGroupArn: string, target: Target): Promise<void>;
  /** @throws AwsError RuleNotFound when the ARN is neither of a rule nor of a listener */
  checkRule(ruleOrListenerArn: string): void;
  /** Divides what comes to a rule, or to a listener's default action. @throws AwsError RuleNotFound */
  shift(ruleOrListenerArn: string, weights: readonly WeightedGroup[]): void;
  /** Tells of every change of a target's health. @returns what ends it */
  listen(listener: HealthListener): () => void;
}

export interface BalancerSettings {
  /** How long a second of a health check's interval and of the deregistration delay takes here. */
  readonly secondMs: number;
  /** How long a new target may fail its checks at least. */
  readonly patienceMs: number;
}

/** The running part of the load balancers: a server for each listener, a pool of targets for each target group. */
export class Balancer implements LoadBalancing {
  readonly #context: Pick<LocalContext, "say">;
  readonly #store: LoadBalancerStore;
  readonly #settings: BalancerSettings;
  /** By listener ARN; one that waits for its first listener by the load balancer's. */
  readonly #servers = new Map<string, ListenerServer>();
  readonly #pools = new Map<string, TargetPool>();
  readonly #choices = new Map<string, WeightedChoice>();
  readonly #listeners = new Set<HealthListener>();

  constructor(context: Pick<LocalContext, "say">, store: LoadBalancerStore, settings: BalancerSettings) {
    this.#context = context;
    this.#store = store;
    this.#settings = settings;
  }

  /** Opens again what was stored, at the same ports where they are free. */
  async restore(): Promise<void> {
    for (const balancer of this.#store.loadBalancers.values()) await this.reserve(balancer);
    for (const listener of this.#store.listeners.values()) await this.serve(listener);
  }

  /** Opens the port of a load balancer, which is its address from then on; its first listener takes it over. */
  async reserve(balancer: LoadBalancer): Promise<void> {
    const served = [...this.#store.listeners.values()].find(
      ({ loadBalancerArn, localPort }) => loadBalancerArn === balancer.arn && localPort === balancer.port,
    );
    if (this.#servers.has(balancer.arn) || (served !== undefined && this.#servers.has(served.arn))) return;
    const server = await ListenerServer.listen(balancer.port);
    if (served !== undefined) served.localPort = server.port;
    balancer.port = server.port;
    this.#servers.set(balancer.arn, server);
  }

  /** Begins to serve a listener, or serves it by its changed settings. */
  async serve(listener: Listener): Promise<void> {
    const server = this.#servers.get(listener.arn) ?? (await this.#openFor(listener));
    this.#servers.set(listener.arn, server);
    listener.localPort = server.port;
    server.declaredPort = listener.port;
    server.decide = (requested) => this.#decide(listener.arn, requested);
  }

  async #openFor(listener: Listener): Promise<ListenerServer> {
    const balancer = this.#store.loadBalancer(listener.loadBalancerArn);
    const reserved = this.#servers.get(balancer.arn);
    const first = listener.localPort === 0 || listener.localPort === balancer.port;
    if (reserved !== undefined && first) {
      this.#servers.delete(balancer.arn);
      return reserved;
    }
    return ListenerServer.listen(listener.localPort);
  }

  #decide(listenerArn: string, requested: Requested): Decision {
    const rule = ruleFor(this.#store.rulesOf(listenerArn), requested) ?? this.#store.listener(listenerArn);
    const action = rule.actions[0];
    if (action === undefined) return { type: "nobody" };
    if (action.Type !== "forward") return { type: "answer", action };
    let choice = this.#choices.get(rule.arn);
    if (choice === undefined) {
      choice = new WeightedChoice();
      this.#choices.set(rule.arn, choice);
    }
    const group = choice.next(groupsOf(action));
    const taken = group === undefined ? undefined : this.pool(group).take();
    return taken === undefined ? { type: "nobody" } : { type: "target", ...taken };
  }

  /** @throws AwsError TargetGroupNotFound */
  pool(targetGroupArn: string): TargetPool {
    const known = this.#pools.get(targetGroupArn);
    if (known !== undefined) return known;
    this.#store.targetGroup(targetGroupArn);
    const pool = new TargetPool(() => this.#store.targetGroup(targetGroupArn), {
      ...this.#settings,
      changed: (target, state) => {
        for (const listener of this.#listeners) listener(targetGroupArn, target, state);
      },
    });
    this.#pools.set(targetGroupArn, pool);
    return pool;
  }

  targetGroup(arn: string): TargetGroup {
    return this.#store.targetGroup(arn);
  }

  targets(targetGroupArn: string): readonly RegisteredTarget[] {
    return this.pool(targetGroupArn).list();
  }

  isUsed(targetGroupArn: string): boolean {
    return this.loadBalancersOf(targetGroupArn).length > 0;
  }

  /** The load balancers a listener or rule of which forwards to the target group. */
  loadBalancersOf(targetGroupArn: string): readonly string[] {
    const forwarding = [...this.#store.listeners.values()].filter((listener) =>
      [listener, ...this.#store.rulesOf(listener.arn)].some(({ actions }) =>
        groupsOf(actions[0]).some((group) => group.TargetGroupArn === targetGroupArn),
      ),
    );
    return [...new Set(forwarding.map(({ loadBalancerArn }) => loadBalancerArn))];
  }

  register(targetGroupArn: string, target: Target): void {
    this.pool(targetGroupArn).register(target);
  }

  async deregister(targetGroupArn: string, target: Target): Promise<void> {
    await this.#pools.get(targetGroupArn)?.deregister(target);
  }

  checkRule(ruleOrListenerArn: string): void {
    this.#store.ruleOrListener(ruleOrListenerArn);
  }

  shift(ruleOrListenerArn: string, weights: readonly WeightedGroup[]): void {
    this.#store.ruleOrListener(ruleOrListenerArn).actions = [forwardTo(weights)];
    this.save();
  }

  listen(listener: HealthListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  save(): void {
    this.#store
      .save()
      .catch((error: unknown) =>
        this.#context.say(`load balancer: the state could not be written: ${reasonOf(error)}`),
      );
  }

  async close(): Promise<void> {
    for (const pool of this.#pools.values()) pool.close();
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
    await this.#store.save();
  }
}
