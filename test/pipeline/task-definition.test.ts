import { describe, expect, test } from "@jest/globals";
import {
  imageChanges,
  releaseTaskDefinition,
  revisionTags,
  type TaskDefinitionDocument,
} from "../../shared/pipeline/task-definition.ts";
import { COMMIT } from "./given.ts";

/** As DescribeTaskDefinition returns it. */
const base: TaskDefinitionDocument = {
  taskDefinitionArn: "arn:aws:ecs:us-east-1:000000000000:task-definition/web:6",
  family: "web",
  revision: 6,
  status: "ACTIVE",
  requiresAttributes: [{ name: "ecs.capability.execution-role-awslogs" }],
  compatibilities: ["EC2"],
  registeredAt: new Date(0),
  registeredBy: "arn:aws:iam::000000000000:user/terraform",
  executionRoleArn: "arn:aws:iam::000000000000:role/execution",
  cpu: undefined,
  aFieldOfNextYear: { kept: true },
  containerDefinitions: [
    {
      name: "web",
      image: "hello:old",
      environment: [{ name: "PORT", value: "8080" }],
      healthCheck: { command: ["true"] },
    },
    { name: "sidecar", image: "envoy:1" },
    { name: "constructor", image: "odd:1" },
  ],
};

describe("the next revision", () => {
  const next = releaseTaskDefinition(base, { web: "hello@sha256:new" });

  test("is the base with the release's image, and with what we do not know", () => {
    expect(next).toEqual({
      family: "web",
      executionRoleArn: "arn:aws:iam::000000000000:role/execution",
      aFieldOfNextYear: { kept: true },
      containerDefinitions: [
        {
          name: "web",
          image: "hello@sha256:new",
          environment: [{ name: "PORT", value: "8080" }],
          healthCheck: { command: ["true"] },
        },
        { name: "sidecar", image: "envoy:1" },
        { name: "constructor", image: "odd:1" },
      ],
    });
  });

  test("leaves the base as it was", () => {
    expect(base.containerDefinitions?.[0]?.image).toBe("hello:old");
  });
});

describe("what a release would change", () => {
  test("by container: the image now and then", () => {
    expect(imageChanges(base, { web: "hello@sha256:new", sidecar: "envoy@sha256:2" })).toEqual({
      images: {
        web: { from: "hello:old", to: "hello@sha256:new" },
        sidecar: { from: "envoy:1", to: "envoy@sha256:2" },
      },
      missing: [],
      containers: ["web", "sidecar", "constructor"],
    });
  });

  test("containers that do not exist are named, and those that do", () => {
    expect(imageChanges(base, { wbe: "x", web: "y" })).toMatchObject({
      missing: ["wbe"],
      containers: ["web", "sidecar", "constructor"],
    });
  });
});

test("a revision is found again by run, commit, stage, service and base; ECS takes these as tags", () => {
  const key = { stage: "production", cluster: "main", service: "web" };
  const tags = revisionTags({ id: "hello-7", revision: { commit: COMMIT } }, key, base);
  expect(tags).toEqual({
    "tandem:run": "hello-7",
    "tandem:commit": COMMIT,
    "tandem:stage": "production",
    "tandem:service": "main/web",
    "tandem:base": "arn:aws:ecs:us-east-1:000000000000:task-definition/web:6",
  });
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
  for (const value of Object.values(tags)) expect(value).toMatch(/^[\w +\-=.:/@]{0,256}$/);
});
