import { RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { afterEach, expect, test } from "@jest/globals";
import { createWeb, tasksOfWeb } from "./ecs-cluster.ts";
import { answers, ends, startTraffic, type Traffic, updateWeb } from "./ecs-traffic.ts";

let traffic: Traffic;
afterEach(() => traffic.endpoint.stop());

test("tasks on Fargate stand behind the load balancer by their own addresses", async () => {
  traffic = await startTraffic({ targetType: "ip" });
  const { endpoint } = traffic;
  const onFargate = async (text: string) => {
    const { digest } = await traffic.revision(text);
    const { taskDefinition } = await endpoint.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: "web",
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: "256",
        memory: "512",
        runtimePlatform: { cpuArchitecture: "ARM64" },
        containerDefinitions: [
          {
            name: "web",
            image: `${endpoint.host}/hello@${digest}`,
            portMappings: [{ containerPort: 8080 }],
          },
        ],
      }),
    );
    return { arn: taskDefinition?.taskDefinitionArn ?? "", digest };
  };
  const one = await onFargate("one");
  await createWeb(endpoint, one.arn, {
    desiredCount: 2,
    launchType: "FARGATE",
    capacityProviderStrategy: undefined,
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0"] } },
    loadBalancers: traffic.loadBalancers(true),
    deploymentConfiguration: { strategy: "BLUE_GREEN" },
  });
  expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  const two = await onFargate("two");
  await updateWeb(endpoint, { taskDefinition: two.arn });
  expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  expect(await answers(traffic.production, 4)).toEqual({ [two.digest]: 4 });
  const health = await traffic.elb("DescribeTargetHealth", {
    TargetGroupArn: traffic.loadBalancers(true)[0]?.advancedConfiguration?.alternateTargetGroupArn ?? "",
  });
  for (const task of await tasksOfWeb(endpoint)) {
    const address = task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address;
    expect(health).toContain(`<Id>${address}</Id>`);
  }
});
