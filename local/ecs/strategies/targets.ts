import { z } from "zod";
import type { LoadBalancing } from "../../load-balancer/balancer.ts";
import { AwsError } from "../../service.ts";
import type { DeploymentConfiguration } from "../deployment-configuration.ts";
import { parse } from "../input.ts";
import type { RevisionTarget, ServiceRevision, TaskDefinition } from "../types.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html */
const loadBalancerSchema = z.looseObject({
  targetGroupArn: z.string({
    error: "The local endpoint works with target groups: targetGroupArn is required.",
  }),
  containerName: z.string({ error: "containerName is required." }),
  containerPort: z.coerce.number().int().min(1).max(65_535),
  advancedConfiguration: z
    .object({
      alternateTargetGroupArn: z.string().optional(),
      productionListenerRule: z.string().optional(),
      testListenerRule: z.string().optional(),
      roleArn: z.string().optional(),
    })
    .optional(),
});
type LoadBalancer = z.infer<typeof loadBalancerSchema>;

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

const loadBalancersOf = (configuration: Readonly<Record<string, unknown>>): readonly LoadBalancer[] =>
  parse(z.array(loadBalancerSchema), configuration.loadBalancers ?? []);

/**
 * Checks a service's load balancers against what there is.
 *
 * @throws AwsError InvalidParameterException
 */
export function checkLoadBalancers(
  configuration: Readonly<Record<string, unknown>>,
  { strategy }: DeploymentConfiguration,
  definition: TaskDefinition | undefined,
  balancing: LoadBalancing | undefined,
): void {
  for (const one of loadBalancersOf(configuration)) {
    const { containerName, containerPort } = one;
    const container = definition?.containerDefinitions.find(({ name }) => name === containerName);
    if (container === undefined)
      throw invalid(`The container ${containerName} does not exist in the task definition.`);
    if (!container.portMappings.some((mapping) => mapping.containerPort === containerPort))
      throw invalid(`The container ${containerName} did not have a container port ${containerPort} defined.`);
    if (balancing === undefined)
      throw new AwsError("ServerException", "There is no load balancer here.", 500);
    checkGroup(balancing, one.targetGroupArn, definition);
    if (strategy !== "ROLLING") checkAdvanced(balancing, one, strategy);
  }
}

function checkGroup(balancing: LoadBalancing, arn: string, definition: TaskDefinition | undefined): void {
  const { targetType } = found(() => balancing.targetGroup(arn), "TargetGroupNotFoundException");
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
  if (definition?.networkMode === "awsvpc" && targetType === "instance")
    throw invalid(
      `The provided target group ${arn} has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.`,
    );
  if (!balancing.isUsed(arn))
    throw invalid(`The target group with targetGroupArn ${arn} does not have an associated load balancer.`);
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html */
function checkAdvanced(balancing: LoadBalancing, one: LoadBalancer, strategy: string): void {
  const { alternateTargetGroupArn, productionListenerRule, testListenerRule, roleArn } =
    one.advancedConfiguration ?? {};
  if (alternateTargetGroupArn === undefined || productionListenerRule === undefined || roleArn === undefined)
    throw invalid(
      `The deployment strategy ${strategy} needs advancedConfiguration with alternateTargetGroupArn, productionListenerRule and roleArn for the target group ${one.targetGroupArn}.`,
    );
  found(() => balancing.targetGroup(alternateTargetGroupArn), "TargetGroupNotFoundException");
  for (const rule of [productionListenerRule, testListenerRule])
    if (rule !== undefined) found(() => balancing.checkRule(rule), "InvalidParameterException");
}

function found<Kind>(look: () => Kind, code: string): Kind {
  try {
    return look();
  } catch (error) {
    throw error instanceof AwsError ? new AwsError(code, error.message) : error;
  }
}

/**
 * Where the tasks of a new revision are registered: with blue/green, linear and canary the target group that the revision
 * which serves does not use; with a rolling update the same one.
 */
export function targetsFor(
  configuration: Readonly<Record<string, unknown>>,
  { strategy }: DeploymentConfiguration,
  base: ServiceRevision | undefined,
): RevisionTarget[] {
  return loadBalancersOf(configuration).map((one) => {
    const { targetGroupArn: first, containerName, containerPort, advancedConfiguration } = one;
    const second = advancedConfiguration?.alternateTargetGroupArn ?? first;
    const used = base?.targets.find(
      (target) => target.containerName === containerName && target.containerPort === containerPort,
    )?.targetGroupArn;
    const other = used === first ? second : first;
    const { productionListenerRule, testListenerRule } = advancedConfiguration ?? {};
    return {
      targetGroupArn: strategy !== "ROLLING" ? other : used === second ? second : first,
      containerName,
      containerPort,
      ...(productionListenerRule === undefined ? {} : { productionListenerRule }),
      ...(testListenerRule === undefined ? {} : { testListenerRule }),
    };
  });
}
