import { type Build, pairs } from "../aws/codebuild.ts";
import type { Service, ServiceDeployment } from "../aws/ecs-service.ts";
import type { OneOffTask } from "../aws/one-off-tasks.ts";
import { deploymentArn, PAUSE_STAGE } from "../aws/pauses.ts";

/** The events as EventBridge delivers them; only what a reader may rely on. */

export function pushPayload(push: {
  readonly id: string;
  readonly repository: string;
  readonly ref: string;
  readonly commit: string;
  readonly before: string | undefined;
  readonly pusher: string;
}): unknown {
  const { id, repository, ref, commit, before, pusher } = push;
  return {
    id,
    source: "aws.codecommit",
    "detail-type": "CodeCommit Repository State Change",
    detail: {
      event: before === undefined ? "referenceCreated" : "referenceUpdated",
      repositoryName: repository,
      referenceType: ref.startsWith("refs/tags/") ? "tag" : "branch",
      referenceFullName: ref,
      commitId: commit,
      ...(before === undefined ? {} : { oldCommitId: before }),
      callerUserArn: pusher,
    },
  };
}

/** @param withExports whether the event carries what the build exported; AWS promises nothing */
export function buildPayload(build: Build, withExports: boolean): unknown {
  const { failedPhase } = build;
  return {
    source: "aws.codebuild",
    "detail-type": "CodeBuild Build State Change",
    detail: {
      "build-status": build.status,
      "build-id": build.arn,
      "additional-information": {
        environment: { "environment-variables": pairs(build.variables) },
        logs: { "group-name": "/aws/codebuild/tandem", "stream-name": build.id },
        ...(withExports ? { "exported-environment-variables": pairs(build.exported) } : {}),
        phases:
          failedPhase === undefined
            ? []
            : [
                {
                  "phase-type": failedPhase.phase,
                  "phase-status": "FAILED",
                  "phase-context": [failedPhase.message],
                },
              ],
      },
    },
  };
}

/** `ECS Hook State Change` */
export function hookPayload(service: Service, deployment: ServiceDeployment): unknown {
  return {
    source: "aws.ecs",
    "detail-type": "ECS Hook State Change",
    resources: [service.arn],
    detail: {
      eventName: "HOOK_AWAITING_ACTION",
      hookId: deployment.pause?.hookId,
      serviceDeploymentArn: deploymentArn(service, deployment),
      lifecycleStage: PAUSE_STAGE,
      expiresAt: new Date(deployment.pause?.expiresAt ?? 0).toISOString(),
    },
  };
}

/** `ECS Task State Change` */
export function taskPayload({ arn, startedBy }: OneOffTask): unknown {
  return {
    source: "aws.ecs",
    "detail-type": "ECS Task State Change",
    resources: [arn],
    detail: { taskArn: arn, lastStatus: "STOPPED", startedBy },
  };
}

export function deploymentPayload(service: Service, deployment: ServiceDeployment): unknown {
  return {
    source: "aws.ecs",
    "detail-type": "ECS Deployment State Change",
    resources: [service.arn],
    detail: {
      eventName: `SERVICE_DEPLOYMENT_${deployment.rolloutState}`,
      deploymentId: deployment.id,
      reason: deployment.reason,
    },
  };
}
