import { describe, expect, test } from "@jest/globals";
import { directory } from "../../shared/effects/directory.ts";
import { githubServer } from "../effects/github-server.ts";
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

const credentials = () => ({ accessKeyId: "alice", secretAccessKey: "alice" });
const ASKED = { region: "us-east-1", userPool: "us-east-1_x", credentials };

test("a group that cannot be asked for now is one of which nobody is known", async () => {
  const members = async () => {
    throw new Error("who is in release-managers cannot be asked: Rate exceeded");
  };
  const { status, body } = await new Setting({ members }).get("/console/api/groups", person("carol"));
  expect(status).toBe(200);
  expect(body).toEqual({
    groups: [{ name: "release-managers", pipeline: "hello", required: 1, listed: [], role: true }],
  });
});

describe("Cognito and IAM, asked whether a group is there", () => {
  test("tell its people and its role, or that there are none", async () => {
    const platform = await startPlatform();
    try {
      const asked = { ...ASKED, endpoint: platform.url };
      const people = directory(asked);
      expect(await people.members("release-managers")).toEqual(["alice", "bob"]);
      expect(await people.members("release-mangers")).toEqual([]);
      expect(await people.hasRole("developers")).toBe(true);
      expect(await people.hasRole("release-mangers")).toBe(false);
      expect(await directory({ ...asked, userPool: "" }).members("release-managers")).toBeUndefined();
      const wrong = directory({ ...asked, credentials: () => ({ ...credentials(), secretAccessKey: "x" }) });
      await expect(wrong.members("developers")).rejects.toThrow(
        /^who is in developers cannot be asked: the user pool answered 40\d/,
      );
      expect(await wrong.hasRole("developers")).toBeUndefined();
    } finally {
      await platform.close();
    }
  });

  test("nobody answers: who is there is not known, which is not the same as nobody", async () => {
    const server = await githubServer(() => ({}));
    await server.close();
    const people = directory({ ...ASKED, endpoint: server.url });
    await expect(people.members("developers")).rejects.toThrow(/^who is in developers cannot be asked: /);
    expect(await people.hasRole("developers")).toBeUndefined();
  });
});

describe("a group of Cognito's", () => {
  const user = (Username: string, Enabled = true) => ({ Username, Enabled, UserStatus: "CONFIRMED" });

  test("is read to its last page, without those whom somebody has disabled", async () => {
    const first = Array.from({ length: 60 }, (_, index) => user(`person-${index}`, index !== 7));
    const server = await githubServer(({ body }) => {
      const { NextToken } = JSON.parse(body);
      if (NextToken === undefined) return { json: { Users: first, NextToken: "more" } };
      return { json: { Users: NextToken === "more" ? [user("person-60"), user("gone", false)] : [] } };
    });
    try {
      const members = await directory({ ...ASKED, endpoint: server.url }).members("release-managers");
      expect(members).toHaveLength(60);
      expect(members).toEqual(expect.arrayContaining(["person-6", "person-60"]));
      expect(members).not.toContain("person-7");
      expect(members).not.toContain("gone");
    } finally {
      await server.close();
    }
  });

  test("that never ends is given up after 50 pages", async () => {
    const server = await githubServer(() => ({ json: { Users: [user("alice")], NextToken: "more" } }));
    try {
      const members = directory({ ...ASKED, endpoint: server.url }).members("release-managers");
      await expect(members).rejects.toThrow(
        "who is in release-managers cannot be asked: it has more than 3000 people",
      );
      expect(server.seen).toHaveLength(50);
    } finally {
      await server.close();
    }
  });

  test.each([
    [
      { status: 400, json: { __type: "TooManyRequestsException", message: "Rate exceeded" } },
      "the user pool answered 400, TooManyRequestsException, Rate exceeded",
    ],
    [
      { status: 400, json: { __type: "NotAuthorizedException", message: "no ResourceNotFoundException" } },
      "the user pool answered 400, NotAuthorizedException, no ResourceNotFoundException",
    ],
    [{ status: 503, text: "<html>" }, "the user pool answered 503"],
    [{ text: "<html>" }, "the user pool's answer is no list of people"],
    [{ json: {} }, "the user pool's answer is no list of people"],
  ])("that cannot be had is not an empty one: %j", async (answer, reason) => {
    const server = await githubServer(() => answer);
    try {
      const members = directory({ ...ASKED, endpoint: server.url }).members("developers");
      await expect(members).rejects.toThrow(`who is in developers cannot be asked: ${reason}`);
    } finally {
      await server.close();
    }
  });

  test("that is not there has nobody in it", async () => {
    const type = "com.amazonaws.cognitoidp#ResourceNotFoundException";
    const server = await githubServer(() => ({ status: 400, json: { __type: type } }));
    try {
      expect(await directory({ ...ASKED, endpoint: server.url }).members("developers")).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
