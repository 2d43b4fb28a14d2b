import { replyJson } from "../aws/http.ts";
import type { LocalContext, LocalService } from "../service.ts";
import { Balancer, type BalancerSettings, type LoadBalancing } from "./balancer.ts";
import { groupsOf } from "./forward.ts";
import { addressOf, loadBalancerOperations } from "./operations.ts";
import { loadBalancerResources } from "./resources.ts";
import { LoadBalancerStore } from "./store.ts";

export interface LoadBalancerService extends LocalService {
  readonly balancing: LoadBalancing;
}

/**
 * Elastic Load Balancing on the laptop: application load balancers whose listeners are HTTP servers on free ports of
 * 127.0.0.1. `GET /_local/load-balancers` says which, with the targets and the weights.
 *
 * @throws StateError when the state below `stateDir/load-balancer` is damaged.
 */
export async function createLoadBalancer(
  context: Pick<LocalContext, "accountId" | "region" | "stateDir" | "now" | "say">,
  settings: BalancerSettings,
): Promise<LoadBalancerService> {
  const store = await LoadBalancerStore.open(context);
  const balancer = new Balancer(context, store, settings);
  await balancer.restore();

  const overview = (): unknown => ({
    loadBalancers: [...store.loadBalancers.values()].map((one) => ({
      name: one.name,
      url: `http://${addressOf(one)}`,
      listeners: [...store.listeners.values()]
        .filter(({ loadBalancerArn }) => loadBalancerArn === one.arn)
        .map((listener) => ({
          port: listener.port,
          url: `http://127.0.0.1:${listener.localPort}`,
          rules: [...store.rulesOf(listener.arn), listener].map((rule) => ({
            priority: "priority" in rule ? rule.priority : "default",
            arn: "priority" in rule ? rule.arn : store.ruleArn(rule.arn, "default"),
            forwards: groupsOf(rule.actions[0]).map(({ TargetGroupArn, Weight }) => ({
              targetGroup: store.targetGroup(TargetGroupArn).name,
              targetGroupArn: TargetGroupArn,
              weight: Weight,
              targets: balancer.targets(TargetGroupArn),
            })),
          })),
        })),
    })),
  });

  return {
    balancing: balancer,
    query: {
      version: "2015-12-01",
      namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    },
    operations: loadBalancerOperations(store, balancer),
    resources: loadBalancerResources(context, store, balancer),
    routes: {
      "/_local/load-balancers": async (_request, response) => replyJson(response, 200, overview()),
    },
    close: () => balancer.close(),
  };
}
