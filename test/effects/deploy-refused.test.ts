import { beforeEach, describe, expect, test } from "@jest/globals";
import { digest, INDEX } from "../pipeline/given.ts";
import { plus, STAGE } from "../pipeline/rolling.ts";
import { type FakeEcs, fakeEcs, imagesWithout } from "./ecs.ts";
import { awsError, denied } from "./fakes.ts";
import { claimed, type DeployRest, deployOn, onTwoProviders, rolling } from "./rolling.ts";

let ecs: FakeEcs;
beforeEach(() => {
  ecs = onTwoProviders();
});

/** What becomes of the deployment; it has not touched the service. */
async function refused(...[step, change, more]: DeployRest) {
  const { events, updates } = await deployOn(ecs, plus(rolling(), claimed), step, change, more);
  if (change?.updateService === undefined) expect(updates()).toBe(0);
  return events;
}

const failed = (reason: string, remedy?: string) => [
  expect.objectContaining({
    type: "deployment.failed",
    rolledBack: false,
    failure: remedy === undefined ? { reason } : { reason, remedy },
  }),
];

describe("what cannot be mended by trying again fails the deployment, with the remedy", () => {
  const create = "create it, or mend the stage's `ecs` in the pipeline";

  test.each([
    ["INACTIVE", "does not exist", create],
    ["DRAINING", "is DRAINING", "wait until it is gone and create it anew"],
  ])("the service is %s", async (status, is, remedy) => {
    Object.assign(ecs.service, { status });
    expect(await refused()).toEqual(failed(`service web of cluster ${STAGE} ${is}`, remedy));
  });

  test("the service is missing", async () => {
    const none = { describeServices: async () => ({ services: [] }) };
    expect(await refused({}, none)).toEqual(failed(`service web of cluster ${STAGE} does not exist`, create));
  });

  test("the cluster is missing", async () => {
    ecs = fakeEcs("elsewhere");
    expect(await refused()).toEqual(failed(`cluster ${STAGE} does not exist`, create));
  });

  test("ECS refuses the task definition", async () => {
    const registerTaskDefinition = () => Promise.reject(awsError("ClientException", "Role is not valid"));
    expect(await refused({}, { registerTaskDefinition })).toEqual(
      failed(`ECS refused to deploy web in ${STAGE}: Role is not valid`),
    );
  });

  test("an architecture's image has been deleted since its index was published", async () => {
    const ecr = imagesWithout(["linux/arm64"], digest);
    const lost = `the linux/arm64 image ${digest("linux/arm64")}, which ${INDEX} lists, is gone from hello`;
    expect(await refused({}, {}, { ecr })).toEqual(
      failed(`service web cannot start: container web: ${lost}`, "push again, so that it is built anew"),
    );
  });

  test("its strategy takes capacity providers of two kinds", async () => {
    const describeCapacityProviders = async () => ({
      capacityProviders: [
        { name: "x86", autoScalingGroupProvider: { autoScalingGroupArn: "autoScalingGroupName/x86" } },
        { name: "graviton", managedInstancesProvider: {} },
      ],
    });
    expect(await refused({}, { describeCapacityProviders })).toEqual(
      failed(
        "a strategy takes capacity providers of one kind: x86 is an Auto Scaling group, graviton is Managed Instances",
        "keep those of one kind in `capacity`, or in the service's own strategy",
      ),
    );
  });

  const SERVICE = `arn:aws:ecs:us-east-1:000000000000:service/${STAGE}/web`;
  const give = (action: string) =>
    `give the role tandem-on-build-change the permission ${action} on ${SERVICE}, and push again`;
  const pass =
    "add shop to `custom.passRoles` in serverless.yml, so that tandem-on-build-change has iam:PassRole, and deploy the stack again";

  test.each([
    ["updateService", denied("ecs:UpdateService"), give("ecs:UpdateService")],
    ["registerTaskDefinition", denied("ecs:TagResource"), give("ecs:TagResource")],
    ["registerTaskDefinition", denied("iam:PassRole", "arn:aws:iam::000000000000:role/shop"), pass],
    ["describeServices", denied("ecs:DescribeServices"), give("ecs:DescribeServices")],
  ])("%s is not allowed: the action and the role are named", async (operation, error, remedy) => {
    const change = { [operation]: () => Promise.reject(error) };
    expect(await refused({}, change)).toEqual(
      failed(`ECS refused to deploy web in ${STAGE}: ${error.message}`, remedy),
    );
  });

  test.each(["ThrottlingException", "ServerException"])(
    "while %s is thrown, for another try",
    async (name) => {
      const updateService = () => Promise.reject(awsError(name, "later"));
      await expect(refused({}, { updateService })).rejects.toThrow("later");
    },
  );
});
