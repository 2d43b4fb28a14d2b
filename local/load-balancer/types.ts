import { z } from "zod";

/**
 * What is stored below `stateDir/load-balancer`, spelled as the Elastic Load Balancing API spells it.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
 */

/** Templates and the Query protocol carry numbers as text. */
const number = z.coerce.number();

export const weightedGroupSchema = z.object({
  TargetGroupArn: z.string(),
  Weight: number.int().min(0).max(999).default(1),
});
export type WeightedGroup = z.infer<typeof weightedGroupSchema>;

const forwardSchema = z.object({
  Type: z.literal("forward"),
  TargetGroupArn: z.string().optional(),
  ForwardConfig: z.looseObject({ TargetGroups: z.array(weightedGroupSchema).min(1).max(5) }).optional(),
});
const fixedResponseSchema = z.object({
  Type: z.literal("fixed-response"),
  FixedResponseConfig: z.object({
    StatusCode: z.coerce.string().regex(/^[245]\d\d$/, "a fixed response has a status of 2xx, 4xx or 5xx"),
    ContentType: z.string().optional(),
    MessageBody: z.string().optional(),
  }),
});
const redirectSchema = z.object({
  Type: z.literal("redirect"),
  RedirectConfig: z.object({
    StatusCode: z.enum(["HTTP_301", "HTTP_302"]),
    Protocol: z.string().optional(),
    Host: z.string().optional(),
    Port: z.coerce.string().optional(),
    Path: z.string().optional(),
    Query: z.string().optional(),
  }),
});
export const actionSchema = z.discriminatedUnion(
  "Type",
  [forwardSchema, fixedResponseSchema, redirectSchema],
  {
    error: "the local load balancer knows the actions forward, fixed-response and redirect",
  },
);
export type Action = z.infer<typeof actionSchema>;
/** One action each: authentication, which goes before another, is not emulated. */
export const actionsSchema = z.array(actionSchema).length(1, "exactly one action is emulated");

const values = z.object({ Values: z.array(z.string()).min(1) });
export const conditionSchema = z.object({
  Field: z.enum(["path-pattern", "host-header", "http-header", "http-request-method", "query-string"], {
    error:
      "the local load balancer knows conditions on path-pattern, host-header, http-header, http-request-method and query-string",
  }),
  Values: z.array(z.string()).optional(),
  PathPatternConfig: values.optional(),
  HostHeaderConfig: values.optional(),
  HttpHeaderConfig: z.object({ HttpHeaderName: z.string(), Values: z.array(z.string()).min(1) }).optional(),
  HttpRequestMethodConfig: values.optional(),
  QueryStringConfig: z
    .object({ Values: z.array(z.object({ Key: z.string().optional(), Value: z.string() })).min(1) })
    .optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

export const loadBalancerSchema = z.object({
  arn: z.string(),
  name: z.string(),
  scheme: z.string(),
  createdAt: z.number(),
  /** The local port of its first listener, kept across restarts while it is free. */
  port: z.number(),
});
export type LoadBalancer = z.infer<typeof loadBalancerSchema>;

/** Defaults: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
export const targetGroupSchema = z.object({
  arn: z.string(),
  name: z.string(),
  protocol: z.string(),
  port: z.number().optional(),
  targetType: z.enum(["instance", "ip"]),
  vpcId: z.string().optional(),
  healthCheck: z.object({
    path: z.string(),
    intervalSeconds: z.number(),
    timeoutSeconds: z.number(),
    healthyThreshold: z.number(),
    unhealthyThreshold: z.number(),
    /** `200`, `200,202` or `200-299`. */
    matcher: z.string(),
  }),
  deregistrationDelaySeconds: z.number(),
});
export type TargetGroup = z.infer<typeof targetGroupSchema>;

export const listenerSchema = z.object({
  arn: z.string(),
  loadBalancerArn: z.string(),
  /** As declared. */
  port: z.number(),
  protocol: z.string(),
  /** Where it listens on 127.0.0.1. */
  localPort: z.number(),
  actions: actionsSchema,
  /** What the template said: a shift of weights by ECS is not undone by applying the same template again. */
  declared: actionsSchema,
});
export type Listener = z.infer<typeof listenerSchema>;

export const ruleSchema = z.object({
  arn: z.string(),
  listenerArn: z.string(),
  priority: z.number().int().min(1).max(50_000),
  conditions: z.array(conditionSchema),
  actions: actionsSchema,
  declared: actionsSchema,
});
export type Rule = z.infer<typeof ruleSchema>;
