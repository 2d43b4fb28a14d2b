import type { Service } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { prepareStage } from "../../shared/effects/prepare.ts";
import type { EcsDeployment } from "../../shared/pipeline/definition.ts";
import { digest, INDEX, PRODUCTION, REPOSITORY_URI, runAfter, UNTIL_PUBLISHED } from "../pipeline/given.ts";
import { fakeEcs, imagesWithout } from "./ecs.ts";
import { awsError, contextOf, denied, fakeAws, operations, type Provided } from "./fakes.ts";

interface Given {
  readonly target?: Partial<EcsDeployment>;
  readonly service?: Partial<Service>;
  readonly ecs?: Partial<Aws["ecs"]>;
  readonly more?: Omit<Provided, "ecs">;
}

/** What the stage `production`, whose approvals are asked for next, is told, and what AWS was asked. */
async function looked({ target = {}, service = {}, ecs: change = {}, more = {} }: Given) {
  const ecs = fakeEcs("production");
  Object.assign(ecs.service, service);
  const { aws, calls } = fakeAws({ ecr: ecs.images, ...more, ecs: { ...ecs.aws, ...change } });
  const deploy = PRODUCTION.deploy.map((one) => ({ ...one, ...target }));
  const answer = await prepareStage(contextOf(aws), runAfter(...UNTIL_PUBLISHED), { ...PRODUCTION, deploy });
  const called = operations(calls);
  expect(called.filter((name) => /^(?:Register|Update|Put|Run)/.test(name))).toEqual([]);
  return { answer, called };
}

const failing = (reason: string, remedy: string) => ({ failure: { reason, remedy } });

describe("before anybody is asked, what is not as it should be is named, with the remedy", () => {
  test.each([
    ["INACTIVE", "does not exist", "create it, or mend the stage's `ecs` in the pipeline"],
    ["DRAINING", "is DRAINING", "wait until it is gone and create it anew"],
  ])("a service that is %s", async (status, is, remedy) => {
    const { answer } = await looked({ service: { status } });
    expect(answer).toEqual(failing(`service web of cluster production ${is}`, remedy));
  });

  test.each([
    [["x86", "FARGATE"], "x86 is an Auto Scaling group, FARGATE is Fargate"],
    [["x86", "managed"], "x86 is an Auto Scaling group, managed is Managed Instances"],
    [["FARGATE_SPOT", "managed"], "FARGATE_SPOT is Fargate, managed is Managed Instances"],
  ])("a strategy of %j", async (names, kinds) => {
    const { answer } = await looked({
      target: { capacity: Object.fromEntries(names.map((name) => [name, { base: 0, weight: 1 }])) },
      service: { capacityProviderStrategy: [{ capacityProvider: "x86", weight: 1 }] },
      ecs: {
        describeTaskDefinition: async () => ({ taskDefinition: FITS_ALL }),
        describeCapacityProviders: async () => ({
          capacityProviders: [
            { name: "x86", autoScalingGroupProvider: { autoScalingGroupArn: "autoScalingGroupName/x86" } },
            { name: "managed", managedInstancesProvider: {} },
          ],
        }),
      },
    });
    const reason = `a strategy takes capacity providers of one kind: ${kinds}`;
    expect(answer).toEqual(
      failing(reason, "keep those of one kind in `capacity`, or in the service's own strategy"),
    );
  });

  const ARN = "arn:aws:ecs:us-east-1:000000000000:capacity-provider/x86";
  test.each([
    ["capacity", { capacity: { x86: { base: 0, weight: 1 }, [ARN]: { base: 0, weight: 3 } } }],
    ["shift", { shift: [{ weights: { x86: 1, [ARN]: 3 }, bakeMinutes: 0 }] }],
  ])("a provider that `%s` names twice", async (_key, target) => {
    const { answer } = await looked({ target });
    expect(answer).toEqual(
      failing(
        `service web: x86 and ${ARN} both mean the capacity provider x86`,
        "name it once in `capacity` and `shift`",
      ),
    );
  });

  test("a family whose revisions are all INACTIVE", async () => {
    const { answer } = await looked({
      target: { taskDefinition: { from: "family" } },
      ecs: {
        listTaskDefinitions: async ({ status }) => ({
          taskDefinitionArns: status === "ACTIVE" ? [] : ["web:1"],
        }),
      },
    });
    const reason =
      "all revisions of task definition web are INACTIVE: the family has no newest to start from";
    expect(answer).toEqual(
      failing(reason, "register one, or take `taskDefinition: family` out of the pipeline"),
    );
  });

  test.each([
    [
      [],
      "there is no alarm web-errors, web-latency in CloudWatch",
      "create it, or mend `alarms` in the pipeline",
    ],
    [["OK"], "there is no alarm web-latency in CloudWatch", "create it, or mend `alarms` in the pipeline"],
    [["ALARM", "OK"], "alarm web-errors is in ALARM", "mend what rings, and push again"],
    [
      ["ALARM", "ALARM"],
      "alarm web-errors is in ALARM, alarm web-latency is in ALARM",
      "mend what rings, and push again",
    ],
  ] as const)("alarms of which there are %j", async (states, reason, remedy) => {
    expect((await alarmed(states)).answer).toEqual(failing(reason, remedy));
  });

  test("alarms that are OK, or without data, are no objection", async () => {
    expect((await alarmed(["OK", "INSUFFICIENT_DATA"])).answer).toHaveProperty("found");
  });

  test.each([
    [["linux/arm64"], `the linux/arm64 image ${digest("linux/arm64")}, which ${INDEX} lists, is gone`],
    [
      ["linux/amd64", "linux/arm64"],
      `the linux/amd64 image ${digest("linux/amd64")} and the linux/arm64 image ${digest("linux/arm64")}, which ${INDEX} lists, are gone`,
    ],
  ] as const)("an index of the release that has lost %j since it was published", async (lost, gone) => {
    const { answer } = await looked({ more: { ecr: imagesWithout(lost, digest) } });
    const reason = `service web cannot start: container web: ${gone} from hello`;
    expect(answer).toEqual(failing(reason, "push again, so that it is built anew"));
  });
});

/** Hosts of every kind could run it, as far as Fargate's sizes go. */
const FITS_ALL = {
  taskDefinitionArn: "arn:aws:ecs:us-east-1:000000000000:task-definition/web:1",
  family: "web",
  cpu: "256",
  memory: "512",
  containerDefinitions: [{ name: "web", image: `${REPOSITORY_URI}:1` }],
};

const alarmed = (states: readonly ("OK" | "ALARM" | "INSUFFICIENT_DATA")[]) => {
  const alarms = ["web-errors", "web-latency"];
  const MetricAlarms = states.map((StateValue, at) => ({ AlarmName: alarms[at] ?? "", StateValue }));
  const cloudwatch = { describeAlarms: async () => ({ MetricAlarms }) };
  return looked({ target: { alarms }, more: { ecr: fakeEcs("production").images, cloudwatch } });
};

describe("what AWS does not allow fails the stage, with the permission and the role that needs it", () => {
  test.each([
    ["describeServices", "DescribeServices"],
    ["describeTaskDefinition", "DescribeTaskDefinition"],
    ["listContainerInstances", "ListContainerInstances"],
    ["describeCapacityProviders", "DescribeCapacityProviders"],
  ])("%s", async (operation, action) => {
    const { answer } = await looked({ ecs: { [operation]: () => Promise.reject(denied(`ecs:${action}`)) } });
    expect(answer).toEqual(
      failing(
        `AWS refused to say what stage production would change: ${denied(`ecs:${action}`).message}`,
        `give the role tandem-on-build-change the permission ecs:${action} on arn:aws:ecs:us-east-1:000000000000:service/production/web, and push again`,
      ),
    );
  });

  test("what may work another time is thrown, for another try", async () => {
    const describeServices = () => Promise.reject(awsError("ThrottlingException", "later"));
    await expect(looked({ ecs: { describeServices } })).rejects.toThrow("later");
  });
});
