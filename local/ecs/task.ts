import type { Architecture } from "../engine.ts";
import type { Tag } from "./input.ts";
import type { Attribute, LaunchType } from "./types.ts";

/** The states of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html */
export type TaskStatus =
  | "PROVISIONING"
  | "PENDING"
  | "ACTIVATING"
  | "RUNNING"
  | "DEACTIVATING"
  | "STOPPING"
  | "DEPROVISIONING"
  | "STOPPED";

export type HealthStatus = "HEALTHY" | "UNHEALTHY" | "UNKNOWN";

export type StopCode =
  | "TaskFailedToStart"
  | "EssentialContainerExited"
  | "UserInitiated"
  | "ServiceSchedulerInitiated"
  | "TerminationNotice";

export interface PortBinding {
  readonly containerPort: number;
  readonly hostPort: number;
}

export interface NetworkInterface {
  readonly attachmentId: string;
  readonly networkInterfaceId: string;
  readonly subnetId: string;
  readonly privateIpv4Address: string;
}

/** A task's place in a target group. */
export interface TaskTarget {
  readonly targetGroupArn: string;
  readonly id: string;
  readonly port: number;
  state: "initial" | "healthy" | "unhealthy";
}

export interface TaskContainer {
  readonly arn: string;
  readonly name: string;
  readonly image: string;
  readonly cpu: number;
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly essential: boolean;
  imageDigest?: string;
  runtimeId?: string;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  exitCode?: number;
  reason?: string;
  healthStatus: HealthStatus;
  ports: readonly PortBinding[];
}

/** A task. Tasks are not stored: after a restart, services start new ones. */
export interface Task {
  readonly arn: string;
  readonly id: string;
  readonly cluster: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly launchType: LaunchType;
  /** The container instance; a task on Fargate has none. */
  readonly instanceArn?: string;
  readonly architecture: Architecture;
  readonly availabilityZone: string;
  readonly capacityProviderName?: string;
  readonly group: string;
  readonly startedBy?: string;
  /** The service's ARN, for a task of a service; its deployment is `startedBy`. */
  readonly serviceArn?: string;
  readonly attributes: readonly Attribute[];
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly cpu: number;
  readonly memory: number;
  readonly hostPorts: readonly number[];
  /** The task's own network interface, in network mode `awsvpc`. */
  readonly networkInterface?: NetworkInterface;
  /** Whether the agent of its host answers. */
  connectivity: "CONNECTED" | "DISCONNECTED";
  readonly createdAt: number;
  readonly tags: Tag[];
  readonly containers: TaskContainer[];
  /** Where its service has registered it. */
  targets?: TaskTarget[];
  lastStatus: TaskStatus;
  desiredStatus: "RUNNING" | "STOPPED";
  healthStatus: HealthStatus;
  version: number;
  updatedAt: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
}

/** Whether the task counts as one of its service's (neither stopped nor on its way there). */
export function isActive(task: Pick<Task, "desiredStatus" | "lastStatus">): boolean {
  return task.desiredStatus === "RUNNING" && task.lastStatus !== "STOPPED";
}
