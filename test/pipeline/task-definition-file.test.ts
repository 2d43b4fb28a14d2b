import { describe, expect, test } from "@jest/globals";
import { taskDefinitionChanges } from "../../shared/pipeline/task-definition-diff.ts";
import { readTaskDefinition } from "../../shared/pipeline/task-definition-file.ts";

const FILE = "deploy/web.json";
const document = (change: object = {}) => ({
  family: "web",
  containerDefinitions: [{ name: "web", image: "placeholder" }],
  ...change,
});

function read(value: unknown, variables: Readonly<Record<string, string>> = {}) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const answer = readTaskDefinition(FILE, text, variables);
  return "failure" in answer ? answer.failure.reason : answer.document;
}

describe("a task definition in a file", () => {
  test("is taken as it is, unknown fields and all", () => {
    const whole = document({ cpu: "256", somethingNew: { of: [1, true, null] } });
    expect(read(whole)).toEqual(whole);
  });

  test("has its placeholders filled in, in every text, however deep", () => {
    const template = document({
      taskRoleArn: "arn:aws:iam::${ACCOUNT}:role/${ROLE}",
      containerDefinitions: [
        {
          name: "web",
          environment: [{ name: "STAGE", value: "${STAGE}" }],
          command: ["${A}${A}", "$B", "${b}"],
        },
      ],
    });
    expect(read(template, { ACCOUNT: "0", ROLE: "web", STAGE: "production", A: "$&" })).toEqual({
      family: "web",
      taskRoleArn: "arn:aws:iam::0:role/web",
      containerDefinitions: [
        {
          name: "web",
          environment: [{ name: "STAGE", value: "production" }],
          command: ["$&$&", "$B", "${b}"],
        },
      ],
    });
  });

  test("a variable's own text is not filled in again: so a shell's variable can be meant", () => {
    const template = document({ containerDefinitions: [{ name: "web", command: ["echo ${HOME}"] }] });
    expect(read(template, { HOME: "${HOME}" })).toEqual(template);
  });

  test.each([
    ["{", "deploy/web.json is no JSON"],
    ["[]", "deploy/web.json is no task definition: it needs a family, and containerDefinitions with names"],
    ["null", "deploy/web.json is no task definition"],
    [JSON.stringify({ family: "web" }), "deploy/web.json is no task definition"],
    [JSON.stringify({ family: 7, containerDefinitions: [] }), "deploy/web.json is no task definition"],
    [JSON.stringify({ family: "web", containerDefinitions: [{ image: "x" }] }), "is no task definition"],
    [JSON.stringify({ containerDefinitions: [{ name: "web" }] }), "is no task definition"],
  ])("%s: %s", (text, reason) => {
    expect(read(text)).toContain(reason);
  });

  test("placeholders that stand for nothing are all named, each once; inherited names stand for nothing", () => {
    const template = document({ cpu: "${CPU}", memory: "${MEMORY}${CPU}", family: "${TO_STRING}" });
    expect(read(template, { MEMORY: "512" })).toBe(
      "deploy/web.json has placeholders that stand for nothing: ${TO_STRING}, ${CPU}",
    );
  });
});

describe("what changes in a task definition", () => {
  test("is said value by value; lists are known by their elements' names", () => {
    const before = {
      cpu: "256",
      containerDefinitions: [
        { name: "sidecar", image: "envoy:1" },
        { name: "web", environment: [{ name: "LOG", value: "info" }], portMappings: [{ containerPort: 80 }] },
      ],
    };
    const after = {
      cpu: "512",
      memory: "1024",
      containerDefinitions: [
        {
          name: "web",
          environment: [{ name: "LOG", value: "debug" }],
          portMappings: [{ containerPort: 80 }],
        },
        { name: "sidecar" },
      ],
    };
    expect(taskDefinitionChanges(before, after)).toEqual([
      { path: "containerDefinitions[sidecar].image", from: "envoy:1" },
      { path: "containerDefinitions[web].environment[LOG].value", from: "info", to: "debug" },
      { path: "cpu", from: "256", to: "512" },
      { path: "memory", to: "1024" },
    ]);
  });

  test("what ECS answers for nothing is nothing", () => {
    expect(taskDefinitionChanges({ volumes: [], placementConstraints: [], a: {} }, { b: undefined })).toEqual(
      [],
    );
  });

  test("what sounds secret is not shown", () => {
    const secret = (value: string) => ({
      containerDefinitions: [{ name: "web", environment: [{ name: "DB_PASSWORD", value }] }],
    });
    const [change] = taskDefinitionChanges(secret("hunter2"), secret("hunter3"));
    expect(change).toEqual({
      path: "containerDefinitions[web].environment[DB_PASSWORD].value",
      from: "•••",
      to: "•••",
    });
  });

  test("beyond a hundred, how many more there are", () => {
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`field${n}`, n]));
    const changes = taskDefinitionChanges({}, many);
    expect(changes).toHaveLength(101);
    expect(changes.at(-1)).toEqual({ path: "and 30 more" });
  });
});
