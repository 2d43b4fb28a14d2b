import { afterEach, expect, test } from "@jest/globals";
import { createWeb, register } from "./ecs-cluster.ts";
import { answers, deploymentIs, ends, newestDeployment, startTraffic, type Traffic } from "./ecs-traffic.ts";

let traffic: Traffic;
afterEach(() => traffic.endpoint.stop());

const template = `
Parameters:
  TaskDefinition: { Type: String }
  Percent: { Type: Number }
  Blue: { Type: String }
  Green: { Type: String }
  Rule: { Type: String }
Resources:
  Web:
    Type: AWS::ECS::Service
    Properties:
      ServiceName: web
      Cluster: staging
      TaskDefinition: !Ref TaskDefinition
      DesiredCount: 2
      CapacityProviderStrategy: [{ CapacityProvider: x86, Weight: 1 }, { CapacityProvider: graviton, Weight: 1 }]
      LoadBalancers:
        - ContainerName: web
          ContainerPort: 8080
          TargetGroupArn: !Ref Blue
          AdvancedConfiguration:
            AlternateTargetGroupArn: !Ref Green
            ProductionListenerRule: !Ref Rule
            RoleArn: arn:aws:iam::000000000000:role/ecsInfrastructureRole
      DeploymentConfiguration:
        Strategy: CANARY
        CanaryConfiguration: { CanaryPercent: !Ref Percent, CanaryBakeTimeInMinutes: 2 }
        LifecycleHooks:
          - HookTargetArn: arn:aws:lambda:us-east-1:000000000000:function:check
            RoleArn: arn:aws:iam::000000000000:role/hooks
            LifecycleStages: [POST_SCALE_UP]
            HookDetails: '{"bucketName": "approvals"}'
            TimeoutConfiguration: { TimeoutInMinutes: 5 }
`;

test("a service of a template deploys as its DeploymentConfiguration says", async () => {
  const details: unknown[] = [];
  const invoke = async (_arn: string, payload: unknown): Promise<unknown> => {
    details.push(payload);
    return { hookStatus: "SUCCEEDED" };
  };
  traffic = await startTraffic({ deps: { invoke } });
  const { endpoint } = traffic;
  const [balancer] = traffic.loadBalancers(true);
  const deploy = (taskDefinition: string) =>
    endpoint.deploy("web", template, {
      TaskDefinition: taskDefinition,
      Percent: "25",
      Blue: balancer?.targetGroupArn ?? "",
      Green: balancer?.advancedConfiguration?.alternateTargetGroupArn ?? "",
      Rule: balancer?.advancedConfiguration?.productionListenerRule ?? "",
    });
  const one = await traffic.revision("one");
  await deploy(one.arn);
  expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  await deploy(one.arn);
  const before = await newestDeployment(endpoint);
  const two = await traffic.revision("two");
  await deploy(two.arn);
  expect((await newestDeployment(endpoint)).serviceDeploymentArn).not.toBe(before.serviceDeploymentArn);
  await deploymentIs(
    endpoint,
    "a canary",
    ({ targetServiceRevision: target }) => target?.requestedProductionTrafficWeight === 25,
  );
  expect(await traffic.weights()).toEqual({ blue: 75, green: 25 });
  expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  expect(await answers(traffic.production, 4)).toEqual({ [two.digest]: 4 });
  expect(details).toMatchObject([
    { hookDetails: { bucketName: "approvals" } },
    { hookDetails: { bucketName: "approvals" } },
  ]);
});

test("a task with its own network interface cannot be in a target group of instances", async () => {
  traffic = await startTraffic();
  const { endpoint } = traffic;
  const awsvpc = await register(endpoint, `${endpoint.host}/hello:none`, { networkMode: "awsvpc" });
  const [plain] = traffic.loadBalancers(false);
  await expect(
    createWeb(endpoint, awsvpc, {
      loadBalancers: plain === undefined ? [] : [plain],
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0"] } },
    }),
  ).rejects.toThrow("target type instance, which is incompatible with the awsvpc network mode");
});
