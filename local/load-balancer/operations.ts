import { z } from "zod";
import { page } from "../input.ts";
import { AwsError, type Operation } from "../service.ts";
import type { Balancer } from "./balancer.ts";
import type { LoadBalancerStore } from "./store.ts";
import type { Listener, LoadBalancer, Rule, TargetGroup } from "./types.ts";

const pages = {
  PageSize: z.coerce.number().int().min(1).max(400).default(400),
  Marker: z.string().optional(),
};
const list = z.array(z.string()).optional();
const loadBalancersSchema = z.object({ ...pages, LoadBalancerArns: list, Names: list });
const targetGroupsSchema = z.object({
  ...pages,
  LoadBalancerArn: z.string().optional(),
  TargetGroupArns: list,
  Names: list,
});
const listenersSchema = z.object({ ...pages, LoadBalancerArn: z.string().optional(), ListenerArns: list });
const rulesSchema = z.object({ ...pages, ListenerArn: z.string().optional(), RuleArns: list });
const healthSchema = z.object({
  TargetGroupArn: z.string(),
  Targets: z.array(z.object({ Id: z.string(), Port: z.coerce.number().optional() })).optional(),
});

/** @throws AwsError ValidationError */
function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AwsError(
    "ValidationError",
    `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}

/** How a load balancer is reached on this machine: `127.0.0.1` and the port of its first listener. */
export const addressOf = ({ port }: Pick<LoadBalancer, "port">): string => `127.0.0.1:${port}`;

/**
 * The part of the Elastic Load Balancing API that looks at what a template has created.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html
 */
export function loadBalancerOperations(
  store: LoadBalancerStore,
  balancer: Balancer,
): Record<string, Operation> {
  /** All of `kinds`, or the wanted ones; each that is wanted must exist. */
  function choose<Kind>(
    kinds: Iterable<Kind>,
    wanted: readonly string[] | undefined,
    of: (kind: Kind) => string,
    code: string,
  ): readonly Kind[] {
    const all = [...kinds];
    if (wanted === undefined) return all;
    return wanted.map((name) => {
      const kind = all.find((one) => of(one) === name);
      if (kind === undefined) throw new AwsError(code, `One or more of them not found: ${name}`);
      return kind;
    });
  }

  return {
    DescribeLoadBalancers: async (input) => {
      const wanted = parse(loadBalancersSchema, input);
      const byArn = choose(
        store.loadBalancers.values(),
        wanted.LoadBalancerArns,
        ({ arn }) => arn,
        "LoadBalancerNotFound",
      );
      const chosen = choose(byArn, wanted.Names, ({ name }) => name, "LoadBalancerNotFound");
      const { items, nextToken } = page(chosen, wanted.PageSize, wanted.Marker);
      return { LoadBalancers: items.map(describeLoadBalancer), NextMarker: nextToken };
    },

    DescribeTargetGroups: async (input) => {
      const wanted = parse(targetGroupsSchema, input);
      const byArn = choose(
        store.targetGroups.values(),
        wanted.TargetGroupArns,
        ({ arn }) => arn,
        "TargetGroupNotFound",
      );
      const chosen = choose(byArn, wanted.Names, ({ name }) => name, "TargetGroupNotFound");
      const described = chosen
        .map((group) => ({ group, used: balancer.loadBalancersOf(group.arn) }))
        .filter(({ used }) => wanted.LoadBalancerArn === undefined || used.includes(wanted.LoadBalancerArn));
      const { items, nextToken } = page(described, wanted.PageSize, wanted.Marker);
      return {
        TargetGroups: items.map(({ group, used }) => describeTargetGroup(group, used)),
        NextMarker: nextToken,
      };
    },

    DescribeListeners: async (input) => {
      const wanted = parse(listenersSchema, input);
      const { LoadBalancerArn: of } = wanted;
      if (of !== undefined) store.loadBalancer(of);
      const chosen = choose(
        store.listeners.values(),
        wanted.ListenerArns,
        ({ arn }) => arn,
        "ListenerNotFound",
      ).filter(({ loadBalancerArn }) => of === undefined || loadBalancerArn === of);
      const { items, nextToken } = page(chosen, wanted.PageSize, wanted.Marker);
      return { Listeners: items.map(describeListener), NextMarker: nextToken };
    },

    DescribeRules: async (input) => {
      const wanted = parse(rulesSchema, input);
      if (wanted.ListenerArn !== undefined) store.listener(wanted.ListenerArn);
      const all = [
        ...[...store.rules.values()].sort((one, other) => one.priority - other.priority).map(describeRule),
        ...[...store.listeners.values()].map((listener) =>
          describeDefaultRule(store.ruleArn(listener.arn, "default"), listener),
        ),
      ].filter(({ listenerArn }) => wanted.ListenerArn === undefined || listenerArn === wanted.ListenerArn);
      const chosen = choose(all, wanted.RuleArns, ({ rule }) => String(rule.RuleArn), "RuleNotFound");
      const { items, nextToken } = page(chosen, wanted.PageSize, wanted.Marker);
      return { Rules: items.map(({ rule }) => rule), NextMarker: nextToken };
    },

    DescribeTargetHealth: async (input) => {
      const { TargetGroupArn, Targets } = parse(healthSchema, input);
      const targets = balancer.targets(TargetGroupArn);
      const used = balancer.isUsed(TargetGroupArn);
      const chosen = targets.filter(
        ({ id, port }) =>
          Targets?.some((one) => one.Id === id && (one.Port === undefined || one.Port === port)) ?? true,
      );
      return {
        TargetHealthDescriptions: chosen.map(({ id, port, state, reason, description }) => ({
          Target: { Id: id, Port: port },
          HealthCheckPort: String(port),
          TargetHealth: used
            ? { State: state, Reason: reason, Description: description }
            : {
                State: "unused",
                Reason: "Target.NotInUse",
                Description: "Target group is not configured to receive traffic from the load balancer",
              },
        })),
      };
    },
  };
}

function describeLoadBalancer(balancer: LoadBalancer): Record<string, unknown> {
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: addressOf(balancer),
    CreatedTime: new Date(balancer.createdAt),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    State: { Code: "active" },
    Type: "application",
    IpAddressType: "ipv4",
  };
}

function describeTargetGroup(group: TargetGroup, used: readonly string[]): Record<string, unknown> {
  const { healthCheck } = group;
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckProtocol: "HTTP",
    HealthCheckPort: "traffic-port",
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: healthCheck.intervalSeconds,
    HealthCheckTimeoutSeconds: healthCheck.timeoutSeconds,
    HealthyThresholdCount: healthCheck.healthyThreshold,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
    HealthCheckPath: healthCheck.path,
    Matcher: { HttpCode: healthCheck.matcher },
    LoadBalancerArns: used,
    TargetType: group.targetType,
    ProtocolVersion: "HTTP1",
  };
}

const describeListener = (listener: Listener): Record<string, unknown> => ({
  ListenerArn: listener.arn,
  LoadBalancerArn: listener.loadBalancerArn,
  Port: listener.port,
  Protocol: listener.protocol,
  DefaultActions: listener.actions,
});

interface DescribedRule {
  readonly listenerArn: string;
  readonly rule: Record<string, unknown>;
}

const describeRule = ({ arn, listenerArn, priority, conditions, actions }: Rule): DescribedRule => ({
  listenerArn,
  rule: {
    RuleArn: arn,
    Priority: String(priority),
    Conditions: conditions,
    Actions: actions,
    IsDefault: false,
  },
});

const describeDefaultRule = (ruleArn: string, { arn, actions }: Listener): DescribedRule => ({
  listenerArn: arn,
  rule: { RuleArn: ruleArn, Priority: "default", Conditions: [], Actions: actions, IsDefault: true },
});
