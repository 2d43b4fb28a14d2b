import { afterEach, expect, test } from "@jest/globals";
import { createWeb, describeWeb, tasksOfWeb } from "./ecs-cluster.ts";
import {
  answers,
  constantLoad,
  deploymentIs,
  ends,
  imageIn,
  startTraffic,
  type Traffic,
  updateWeb,
} from "./ecs-traffic.ts";

let traffic: Traffic;
afterEach(() => traffic.endpoint.stop());

test("four tasks give way to four others under constant load, and no request fails", async () => {
  traffic = await startTraffic({ deps: { timings: { simulatedStopMs: 20 } } });
  const { endpoint } = traffic;
  const one = await traffic.revision("one");
  await createWeb(endpoint, one.arn, {
    loadBalancers: traffic.loadBalancers(false),
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 150 },
  });
  await ends(endpoint);
  const load = constantLoad(traffic.production, 4);
  await deploymentIs(endpoint, "answered", () => load.counts.answered > 50);
  const two = await traffic.revision("two");
  await updateWeb(endpoint, { taskDefinition: two.arn });
  expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  const before = load.counts.answered;
  await deploymentIs(endpoint, "answered again", () => load.counts.answered > before + 50);
  await load.end();

  expect(load.counts.failed).toEqual([]);
  expect(load.counts.answered).toBeGreaterThan(150);
  expect(new Set([...load.counts.bodies.keys()].map(imageIn))).toEqual(new Set([one.digest, two.digest]));
  expect(await answers(traffic.production, 20)).toEqual({ [two.digest]: 20 });
  const tasks = await tasksOfWeb(endpoint);
  expect(tasks).toHaveLength(4);
  const health = await traffic.elb("DescribeTargetHealth", {
    TargetGroupArn: traffic.loadBalancers(false)[0]?.targetGroupArn ?? "",
  });
  expect(health.match(/<State>healthy<\/State>/g)).toHaveLength(4);
  expect(await describeWeb(endpoint)).toMatchObject({ runningCount: 4, pendingCount: 0 });
});
