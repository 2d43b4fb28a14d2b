import { describe, expect, test } from "@jest/globals";
import { directory } from "../../shared/effects/directory.ts";
import { startPlatform } from "../local/platform-endpoint.ts";
import { APPROVAL, definition, PRODUCTION } from "../pipeline/given.ts";
import { person, Setting } from "./setting.ts";

test("the groups that pipelines let decide, how many each must have, and who is known to be in them", async () => {
  const pipeline = definition({
    stages: [
      { ...PRODUCTION, approval: { ...APPROVAL, required: 2 }, overrides: ["captains"] },
      {
        ...PRODUCTION,
        name: "elsewhere",
        approval: { ...APPROVAL, from: ["auditors", "captains"], required: 3 },
      },
    ],
    groups: { auditors: ["eve"] },
  });
  const setting = new Setting({ pipeline });
  const { body } = await setting.get("/console/api/groups", person("carol"));
  expect(body).toEqual({
    groups: [
      { name: "captains", pipeline: "hello", required: 1, listed: [], members: [], role: false },
      {
        name: "release-managers",
        pipeline: "hello",
        required: 2,
        listed: [],
        members: ["alice", "bob"],
        role: true,
      },
      { name: "auditors", pipeline: "hello", required: 1, listed: ["eve"], members: [], role: false },
    ],
  });
});

describe("Cognito and IAM, asked whether a group is there", () => {
  const credentials = () => ({ accessKeyId: "alice", secretAccessKey: "alice" });

  test("tell its people and its role, or that there are none", async () => {
    const platform = await startPlatform();
    try {
      const asked = { region: "us-east-1", userPool: "us-east-1_x", credentials, endpoint: platform.url };
      const people = directory(asked);
      expect(await people.members("release-managers")).toEqual(["alice", "bob"]);
      expect(await people.members("release-mangers")).toEqual([]);
      expect(await people.hasRole("developers")).toBe(true);
      expect(await people.hasRole("release-mangers")).toBe(false);
      expect(await directory({ ...asked, userPool: "" }).members("release-managers")).toBeUndefined();
      const wrong = directory({ ...asked, credentials: () => ({ ...credentials(), secretAccessKey: "x" }) });
      expect([await wrong.members("developers"), await wrong.hasRole("developers")]).toEqual([
        undefined,
        undefined,
      ]);
    } finally {
      await platform.close();
    }
  });

  test("nobody answers: unknown", async () => {
    const people = directory({
      region: "us-east-1",
      userPool: "us-east-1_x",
      credentials,
      endpoint: "http://127.0.0.1:1",
    });
    expect([await people.members("developers"), await people.hasRole("developers")]).toEqual([
      undefined,
      undefined,
    ]);
  }, 20_000);
});
