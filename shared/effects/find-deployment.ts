import type { Failure, Instant } from "../pipeline/events.ts";
import { deploymentReplaced, rolledBack } from "../pipeline/messages.ts";
import type { Aws } from "./aws.ts";

/** As many revisions as one DescribeServiceRevisions takes. */
const NEWEST = 20;

/** ECS's clock is not ours, and its times may be whole seconds. */
const CLOCK_SKEW_MILLISECONDS = 60_000;

/**
 * What became of a deployment that a lost attempt began and that the service no longer shows: without this, one that ECS
 * has rolled back meanwhile would be begun a second time. Undefined when none was ever begun.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
 * @param since nothing of ours can have begun before
 */
export async function findEndedDeployment(
  aws: Aws,
  service: { readonly cluster: string; readonly service: string },
  taskDefinition: string,
  since: Instant,
): Promise<{ readonly failure: Failure; readonly rolledBack: boolean } | undefined> {
  const { serviceDeployments = [] } = await aws.ecs.listServiceDeployments({
    ...service,
    createdAt: { after: new Date(since - CLOCK_SKEW_MILLISECONDS) },
    maxResults: NEWEST,
  });
  const revisions = serviceDeployments.flatMap(({ targetServiceRevisionArn: arn }) => arn ?? []);
  if (revisions.length === 0) return undefined;
  const { serviceRevisions = [] } = await aws.ecs.describeServiceRevisions({
    serviceRevisionArns: [...new Set(revisions)],
  });
  const ours = serviceRevisions.flatMap(({ serviceRevisionArn: arn, taskDefinition: runs }) =>
    arn !== undefined && runs === taskDefinition ? [arn] : [],
  );
  const begun = serviceDeployments.find(({ targetServiceRevisionArn: arn = "" }) => ours.includes(arn));
  if (begun === undefined) return undefined;
  return begun.status?.startsWith("ROLLBACK") === true
    ? { failure: rolledBack(service.service, begun.statusReason ?? ""), rolledBack: true }
    : {
        failure: deploymentReplaced(service.service, taskDefinition, undefined, undefined),
        rolledBack: false,
      };
}
