import type { ServiceDeploymentBrief } from "@aws-sdk/client-ecs";
import { capacityFrom, isSameCapacity } from "../pipeline/capacity.ts";
import type { Capacity } from "../pipeline/definition.ts";
import type { Failure, Instant } from "../pipeline/events.ts";
import { deploymentReplaced, rolledBack } from "../pipeline/messages.ts";
import type { Aws } from "./aws.ts";

/** As many revisions as one DescribeServiceRevisions takes. */
const NEWEST = 20;

/** ECS's clock is not ours, and its times may be whole seconds. */
const CLOCK_SKEW_MILLISECONDS = 60_000;

interface Place {
  readonly cluster: string;
  readonly service: string;
}

/**
 * What became of a deployment that a lost attempt began and that the service no longer shows: without this, one that ECS
 * has rolled back meanwhile would be begun a second time. Undefined when none was ever begun.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
 * @param since nothing of ours can have begun before
 */
export async function findEndedDeployment(
  aws: Aws,
  service: Place,
  taskDefinition: string,
  since: Instant,
): Promise<Ended | undefined> {
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
  return begun === undefined ? undefined : endOf(begun, service.service, taskDefinition);
}

/**
 * The same where the revision is not new: of a step that only changes the capacity, and of the way back. The newest deployment
 * is the lost attempt's if it has the revision, and the strategy, which no step before had.
 * @param capacity undefined: whatever it is, since nothing that the stage has made has the revision
 */
export async function findEndedNewest(
  aws: Aws,
  service: Place,
  taskDefinition: string,
  capacity: Capacity | undefined,
  since: Instant,
): Promise<Ended | undefined> {
  const { serviceDeployments: [newest] = [] } = await aws.ecs.listServiceDeployments({
    ...service,
    createdAt: { after: new Date(since - CLOCK_SKEW_MILLISECONDS) },
    maxResults: 1,
  });
  const arn = newest?.targetServiceRevisionArn;
  if (newest === undefined || arn === undefined) return undefined;
  if (newest.status === "PENDING" || newest.status === "IN_PROGRESS") return undefined;
  const { serviceRevisions: [revision] = [] } = await aws.ecs.describeServiceRevisions({
    serviceRevisionArns: [arn],
  });
  const isOurs =
    revision?.taskDefinition === taskDefinition &&
    (capacity === undefined || isSameCapacity(capacityFrom(revision.capacityProviderStrategy), capacity));
  return isOurs ? endOf(newest, service.service, taskDefinition) : undefined;
}

interface Ended {
  readonly failure: Failure;
  readonly rolledBack: boolean;
}

function endOf(
  { status, statusReason }: ServiceDeploymentBrief,
  service: string,
  taskDefinition: string,
): Ended {
  return status?.startsWith("ROLLBACK") === true
    ? { failure: rolledBack(service, statusReason ?? ""), rolledBack: true }
    : { failure: deploymentReplaced(service, taskDefinition, undefined, undefined), rolledBack: false };
}
