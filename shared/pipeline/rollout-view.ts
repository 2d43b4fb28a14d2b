/**
 * Tasks moving from the old release to the new while a stage rolls: `GET /api/runs/{run}/stages/{stage}/rollout`. Asked of ECS
 * at the moment of the request; the record keeps the verdict only.
 */
export interface RolloutView {
  readonly services: readonly ServiceRollout[];
}

export interface ServiceRollout {
  readonly cluster: string;
  readonly service: string;
  readonly desired: number;
  /** ECS's word for the deployment: `IN_PROGRESS`, `COMPLETED`, `FAILED`, … */
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
  readonly groups: readonly TaskGroup[];
  /** Tasks are pretended, not containers. */
  readonly simulated?: boolean | undefined;
}

/** Tasks of one architecture and one side of the deployment. */
export interface TaskGroup {
  /** As ECS says it: `x86_64`, `arm64`. */
  readonly architecture: string;
  readonly side: "old" | "new";
  readonly running: number;
  readonly pending: number;
  /** Tasks of this deployment that have ended. */
  readonly stopped?: number | undefined;
  /** Why the last of them ended. */
  readonly stopReason?: string | undefined;
}
