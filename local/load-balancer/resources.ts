import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type ApplyResource, AwsError, type LocalContext } from "../service.ts";
import type { Balancer } from "./balancer.ts";
import { groupsOf } from "./forward.ts";
import { addressOf } from "./operations.ts";
import type { LoadBalancerStore } from "./store.ts";
import { type Action, actionsSchema, conditionSchema, type TargetGroup } from "./types.ts";

const number = z.coerce.number();

const loadBalancerProperties = z.looseObject({
  Name: z.string().optional(),
  Scheme: z.string().default("internet-facing"),
  Type: z
    .literal("application", { error: "the local load balancer is an application load balancer" })
    .optional(),
});
const targetGroupProperties = z.looseObject({
  Name: z.string().optional(),
  Protocol: z
    .enum(["HTTP", "HTTPS"], { error: "the local load balancer speaks HTTP to its targets" })
    .default("HTTP"),
  Port: number.optional(),
  TargetType: z
    .enum(["instance", "ip"], { error: "the local load balancer knows the target types instance and ip" })
    .default("instance"),
  VpcId: z.string().optional(),
  HealthCheckPath: z.string().default("/"),
  HealthCheckIntervalSeconds: number.min(5).max(300).default(30),
  HealthCheckTimeoutSeconds: number.min(2).max(120).default(5),
  HealthyThresholdCount: number.min(2).max(10).default(5),
  UnhealthyThresholdCount: number.min(2).max(10).default(2),
  Matcher: z.object({ HttpCode: z.coerce.string() }).default({ HttpCode: "200" }),
  TargetGroupAttributes: z.array(z.object({ Key: z.string(), Value: z.coerce.string() })).default([]),
});
const listenerProperties = z.looseObject({
  LoadBalancerArn: z.string(),
  Port: number.int().min(1).max(65_535),
  Protocol: z
    .enum(["HTTP", "HTTPS"], { error: "the local load balancer listens to HTTP (HTTPS is served as HTTP)" })
    .default("HTTP"),
  DefaultActions: actionsSchema,
});
const ruleProperties = z.looseObject({
  ListenerArn: z.string(),
  Priority: number.int().min(1).max(50_000),
  Conditions: z.array(conditionSchema).min(1),
  Actions: actionsSchema,
});

/** @throws AwsError ValidationError */
function parse<T>(schema: z.ZodType<T>, properties: unknown): T {
  const result = schema.safeParse(properties);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AwsError(
    "ValidationError",
    `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}

/** At most 32 characters, as CloudFormation shortens them. */
const shortName = (name: string): string =>
  name.length <= 32
    ? name
    : `${name.slice(0, 23)}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;

/**
 * `AWS::ElasticLoadBalancingV2::…` of a template. Networks, certificates and attributes other than the deregistration
 * delay have no effect.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html
 */
export function loadBalancerResources(
  context: Pick<LocalContext, "now" | "say">,
  store: LoadBalancerStore,
  balancer: Balancer,
): Record<string, ApplyResource> {
  const checkActions = (actions: readonly Action[]): void => {
    for (const { TargetGroupArn } of groupsOf(actions[0])) store.targetGroup(TargetGroupArn);
  };

  return {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": async ({ logicalId, properties }) => {
      const wanted = parse(loadBalancerProperties, properties);
      const name = shortName(wanted.Name ?? logicalId);
      const arn = store.loadBalancerArn(name);
      const known = store.loadBalancers.get(arn);
      const made = known ?? { arn, name, scheme: wanted.Scheme, createdAt: context.now(), port: 0 };
      store.loadBalancers.set(arn, made);
      await balancer.reserve(made);
      await store.save();
      const attributes = {
        LoadBalancerArn: arn,
        LoadBalancerName: name,
        LoadBalancerFullName: arn.slice(arn.indexOf("app/")),
        DNSName: addressOf(made),
        CanonicalHostedZoneID: "Z00000000000000000000",
      };
      return { ref: arn, attributes };
    },

    "AWS::ElasticLoadBalancingV2::TargetGroup": async ({ logicalId, properties }) => {
      const wanted = parse(targetGroupProperties, properties);
      const name = shortName(wanted.Name ?? logicalId);
      const arn = store.targetGroupArn(name);
      const delay = wanted.TargetGroupAttributes.find(
        ({ Key }) => Key === "deregistration_delay.timeout_seconds",
      );
      const group: TargetGroup = {
        arn,
        name,
        protocol: wanted.Protocol,
        targetType: wanted.TargetType,
        ...(wanted.Port === undefined ? {} : { port: wanted.Port }),
        ...(wanted.VpcId === undefined ? {} : { vpcId: wanted.VpcId }),
        healthCheck: {
          path: wanted.HealthCheckPath,
          intervalSeconds: wanted.HealthCheckIntervalSeconds,
          timeoutSeconds: wanted.HealthCheckTimeoutSeconds,
          healthyThreshold: wanted.HealthyThresholdCount,
          unhealthyThreshold: wanted.UnhealthyThresholdCount,
          matcher: wanted.Matcher.HttpCode,
        },
        deregistrationDelaySeconds: parse(number.int().min(0).max(3600), delay?.Value ?? 300),
      };
      store.targetGroups.set(arn, group);
      await store.save();
      const attributes = {
        TargetGroupArn: arn,
        TargetGroupName: name,
        TargetGroupFullName: arn.slice(arn.indexOf("targetgroup/")),
      };
      return { ref: arn, attributes };
    },

    "AWS::ElasticLoadBalancingV2::Listener": async ({ properties }) => {
      const wanted = parse(listenerProperties, properties);
      const { name } = store.loadBalancer(wanted.LoadBalancerArn);
      checkActions(wanted.DefaultActions);
      const arn = store.listenerArn(wanted.LoadBalancerArn, wanted.Port);
      const known = store.listeners.get(arn);
      const kept = known !== undefined && isDeepStrictEqual(known.declared, wanted.DefaultActions);
      const listener = {
        arn,
        loadBalancerArn: wanted.LoadBalancerArn,
        port: wanted.Port,
        protocol: wanted.Protocol,
        localPort: known?.localPort ?? 0,
        actions: kept ? known.actions : wanted.DefaultActions,
        declared: wanted.DefaultActions,
      };
      store.listeners.set(arn, listener);
      await balancer.serve(listener);
      if (known === undefined)
        context.say(`load balancer ${name}: port ${wanted.Port} is http://127.0.0.1:${listener.localPort}`);
      await store.save();
      return { ref: arn, attributes: { ListenerArn: arn } };
    },

    "AWS::ElasticLoadBalancingV2::ListenerRule": async ({ properties }) => {
      const wanted = parse(ruleProperties, properties);
      store.listener(wanted.ListenerArn);
      checkActions(wanted.Actions);
      const arn = store.ruleArn(wanted.ListenerArn, wanted.Priority);
      const known = store.rules.get(arn);
      const kept = known !== undefined && isDeepStrictEqual(known.declared, wanted.Actions);
      store.rules.set(arn, {
        arn,
        listenerArn: wanted.ListenerArn,
        priority: wanted.Priority,
        conditions: wanted.Conditions,
        actions: kept ? known.actions : wanted.Actions,
        declared: wanted.Actions,
      });
      await store.save();
      return { ref: arn, attributes: { RuleArn: arn, IsDefault: "false" } };
    },
  };
}
