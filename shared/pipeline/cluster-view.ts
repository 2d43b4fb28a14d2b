/** Hosts and tasks by architecture: `GET /api/clusters`. */
export interface ClusterView {
  readonly name: string;
  /** The container instances; none when the cluster runs on Fargate only. */
  readonly hosts: readonly HostView[];
  readonly services: readonly ClusterServiceView[];
  /** Tasks are pretended, not containers. */
  readonly simulated?: boolean | undefined;
  /** The stages that deploy to it, as `PIPELINE/STAGE`. */
  readonly stages?: readonly string[] | undefined;
}

export interface HostView {
  readonly id: string;
  /** As ECS says it: `x86_64`, `arm64`. */
  readonly architecture: string;
  readonly status: string;
  readonly capacityProvider?: string | undefined;
  readonly instanceType?: string | undefined;
  /** The agent has been heard of lately. */
  readonly connected?: boolean | undefined;
}

export interface ClusterServiceView {
  readonly name: string;
  readonly desired: number;
  readonly tasks: readonly TaskView[];
}

export interface TaskView {
  readonly id: string;
  readonly architecture: string;
  /** As ECS says it: `PENDING`, `RUNNING`, `DEPROVISIONING`, … */
  readonly status: string;
  readonly taskDefinition: string;
  readonly host?: string | undefined;
  /** The sequence of the run whose release it runs. */
  readonly sequence?: number | undefined;
  readonly stopReason?: string | undefined;
}
