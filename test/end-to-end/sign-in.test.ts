import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import { tableItems } from "./support/streams.ts";
import { tandem } from "./support/tandem.ts";
import { TokenMaker } from "./support/tokens.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

let world: World;
let state: string;
let home: string;
let tokens: TokenMaker;
let run: Run;

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "e2e-state-"));
  home = await mkdtemp(join(tmpdir(), "e2e-home-"));
  world = await openWorld({ state });
  await seed(world, ["staging", "production"]);
  tokens = await TokenMaker.open(world.url, state);
  const { api, copy } = world;
  const commit = await copy.commit(application(1), "alice");
  await copy.push("carol");
  run = await api.until(await api.runOf(commit), isGated("production"));
}, 120_000);
afterAll(async () => {
  await world.close();
  for (const folder of [state, home]) await rm(folder, { recursive: true, force: true });
}, 30_000);

const path = () => `/runs/${run.id}/stages/production/approval`;
const approve = () => ({ decision: "approve", release: releaseOf(run, "production") });

describe("a token that is not good", () => {
  test.each<[string, () => Promise<string | undefined>]>([
    ["none", async () => undefined],
    ["one that has run out", () => tokens.forged({ iat: 1, exp: 2 })],
    ["one for another application", () => tokens.forged({ aud: "another" })],
    ["one of another issuer", () => tokens.forged({ iss: "https://evil.example" })],
    ["one of a stranger's key", () => tokens.forged({}, {}, true)],
    ["one whose signature is another's", async () => (await tokens.of("alice")).replace(/[^.]+$/, "AAAA")],
    [
      "one that is not signed",
      async () => `${btoa('{"alg":"none"}')}.${(await tokens.of("alice")).split(".")[1]}.`,
    ],
  ])("%s opens nothing, and changes nothing", async (_what, make) => {
    const bearer = await make();
    const before = await tableItems(world.aws);
    const refused = { status: 401, body: { message: "Unauthorized" } };
    expect(await tokens.send("GET", "/me", bearer)).toEqual(refused);
    expect(await tokens.send("GET", `/runs/${run.id}`, bearer)).toEqual(refused);
    expect(await tokens.send("POST", path(), bearer, approve())).toEqual(refused);
    expect(await tokens.send("POST", "/pipelines/hello/runs", bearer, {})).toEqual(refused);
    expect(await tableItems(world.aws)).toEqual(before);
  });

  test("nor does a good one where IAM is asked for", async () => {
    const response = await fetch(`${world.url}/api${path()}`, {
      method: "POST",
      headers: { authorization: `Bearer ${await tokens.of("bob")}` },
      body: JSON.stringify(approve()),
    });
    expect(response.status).toBe(403);
  });
});

describe("people who have signed in", () => {
  test("see what waits for them, and why it may not be theirs", async () => {
    const inbox = async (name: "alice" | "bob" | "carol" | "mallory") =>
      (await tokens.send("GET", "/inbox", await tokens.of(name))).body;
    expect(await inbox("bob")).toMatchObject({ items: [{ run: run.id, stage: "production" }] });
    expect(await inbox("alice")).toMatchObject({ items: [{ barred: expect.stringContaining("author") }] });
    expect(await inbox("carol")).toMatchObject({ items: [] });
    expect(await inbox("mallory")).toMatchObject({ items: [] });
  });

  test("do not decide without the group, nor on their own commit; and GET decides nothing", async () => {
    const before = await tableItems(world.aws);
    for (const [name, code] of [
      ["alice", "self-approval"],
      ["carol", "not-a-member"],
      ["mallory", "not-a-member"],
    ] as const) {
      expect(await tokens.send("POST", path(), await tokens.of(name), approve())).toMatchObject({
        status: 403,
        body: { error: { code } },
      });
    }
    const bob = await tokens.of("bob");
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      const query = new URLSearchParams(approve());
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => tokens.send(method, `${path()}?${query}`, bob)),
      );
      expect(answers.filter(({ status }) => status < 400)).toEqual([]);
    }
    expect(await tableItems(world.aws)).toEqual(before);
  });

  test("decide from the terminal after `tandem login`; once more, and by another way in, is still once", async () => {
    const environment = { TANDEM_URL: world.url, HOME: home, XDG_CONFIG_HOME: "" };
    expect(await tandem(["login", "--as", "bob"], environment)).toEqual({
      code: 0,
      out: `signed in at ${world.url} as bob (release-managers)\n`,
      err: "",
    });
    expect(await tandem(["approve", run.id, "production"], environment)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`bob approved production of ${run.id}`),
    });
    const again = "bob has approved production already";
    const bob = await tokens.of("bob");
    for (let n = 0; n < 5; n += 1)
      expect(await tokens.send("POST", path(), bob, approve())).toMatchObject({
        status: 200,
        body: { message: again },
      });
    expect(
      await world.api.decide(run.id, "production", "bob", "approve", releaseOf(run, "production")),
    ).toMatchObject({
      status: 200,
      body: { message: again },
    });
    await world.api.until(run.id, isOver);
    const { body } = await tokens.send("GET", `/runs/${run.id}/events`, bob);
    const { events } = z.object({ events: z.array(z.looseObject({ type: z.string() })) }).parse(body);
    expect(events.filter(({ type }) => type === "approval.given")).toEqual([
      expect.objectContaining({
        person: "bob",
        identity: expect.stringMatching(/\/oidc#[0-9a-f-]{36}$/),
        from: "jwt 127.0.0.1",
      }),
    ]);
    expect(await tokens.send("GET", `/audit?pipeline=hello`, bob)).toMatchObject({
      body: { entries: [{ act: "approve", person: "bob", release: releaseOf(run, "production") }] },
    });
  });
});
