import { z } from "zod";
import type { Service, ServiceDeployment } from "../types.ts";
import type { HookExecution } from "./lifecycle.ts";

/**
 * What a function is called with. Weights are given at the stages that shift traffic only.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#service-deployment-lifecycle-payloads
 */
export function hookPayload(
  service: Pick<Service, "arn">,
  record: ServiceDeployment,
  execution: HookExecution,
): Record<string, unknown> {
  const { stage, hookId, details } = execution;
  const production = stage === "PRE_PRODUCTION_TRAFFIC_SHIFT" || stage === "PRODUCTION_TRAFFIC_SHIFT";
  return {
    executionId: hookId,
    lifecycleStage: stage,
    resourceArn: record.arn,
    executionDetails: {
      serviceArn: service.arn,
      targetServiceRevisionArn: record.targetRevisionArn,
      testTrafficWeights: stage === "TEST_TRAFFIC_SHIFT" ? (record.weights?.test ?? {}) : {},
      productionTrafficWeights: production ? (record.weights?.production ?? {}) : {},
    },
    ...(details === undefined ? {} : { hookDetails: details }),
  };
}

const answerSchema = z.object({
  hookStatus: z.enum(["SUCCEEDED", "FAILED", "IN_PROGRESS"]),
  /** Seconds until the next call. */
  callBackDelay: z.number().min(0).optional(),
  hookDetails: z.record(z.string(), z.unknown()).optional(),
});
export type HookAnswer = z.infer<typeof answerSchema>;

/** What a function answered; undefined when it is none of the documented answers, which counts as a failure. */
export function hookAnswer(answer: unknown): HookAnswer | undefined {
  return answerSchema.safeParse(answer).data;
}

/** What is passed to the next call: what is configured, and over it what the function answered. */
export function mergedDetails(configured: unknown, answered: HookAnswer["hookDetails"]): unknown {
  if (answered === undefined) return configured;
  const before = typeof configured === "object" && configured !== null ? configured : {};
  return { ...before, ...answered };
}
