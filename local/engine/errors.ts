/**
 * The ways in which starting a container fails, named as the ECS agent names them in a task's `stoppedReason`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
export type ContainerErrorCode =
  | "CannotPullContainerError"
  | "CannotCreateContainerError"
  | "CannotStartContainerError";

/** A container could not be pulled, created or started. */
export class ContainerError extends Error {
  readonly code: ContainerErrorCode;

  constructor(code: ContainerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ContainerError";
    this.code = code;
  }
}
