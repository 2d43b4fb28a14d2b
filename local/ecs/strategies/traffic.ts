import type { LoadBalancing } from "../../load-balancer/balancer.ts";
import type { Service, ServiceDeployment, ServiceRevision } from "../types.ts";

/** Which traffic: what users send, or what comes to the test listener rule. */
export type Traffic = "test" | "production";

/**
 * Gives a share of the traffic to the revision that is deployed, and the rest to what served before: in the record, and at
 * the listener rules of the service. A service without load balancer has its record only, as on AWS.
 *
 * @param percent 0 to 100, with one decimal at most.
 */
export function shiftTraffic(
  service: Service,
  record: ServiceDeployment,
  traffic: Traffic,
  percent: number,
  balancing: LoadBalancing | undefined,
): void {
  const target = service.revisions.find(({ arn }) => arn === record.targetRevisionArn);
  const base = service.revisions.find(({ arn }) => arn === record.baseRevisionArn);
  const weights = record.weights ?? { test: {}, production: {} };
  weights[traffic] = {
    [record.targetRevisionArn]: percent,
    ...(base === undefined ? {} : { [base.arn]: 100 - percent }),
  };
  record.weights = weights;
  if (target === undefined || balancing === undefined) return;
  for (const one of target.targets) {
    const rule = traffic === "test" ? one.testListenerRule : one.productionListenerRule;
    if (rule === undefined) continue;
    const former = groupOf(base, one.containerName, one.containerPort);
    // Weights are whole numbers up to 999.
    const scale = Number.isInteger(percent) ? 1 : 10;
    const share = Math.round(percent * scale);
    balancing.shift(rule, [
      { TargetGroupArn: one.targetGroupArn, Weight: share },
      ...(former === undefined || former === one.targetGroupArn
        ? []
        : [{ TargetGroupArn: former, Weight: 100 * scale - share }]),
    ]);
  }
}

const groupOf = (
  revision: ServiceRevision | undefined,
  containerName: string,
  containerPort: number,
): string | undefined =>
  revision?.targets.find((one) => one.containerName === containerName && one.containerPort === containerPort)
    ?.targetGroupArn;
