import { expect, test } from "@jest/globals";
import { definition, INDEX, PRODUCTION, STAGING } from "../pipeline/given.ts";
import { ISSUER, person, Setting } from "./setting.ts";

const API = "/console/api";
const bob = person("bob", "[release-managers]");
const window = { timezone: "Asia/Tokyo", open: [], frozen: [] };

/** What the record says of who did what, on which release, and from where. */
async function recorded(setting: Setting): Promise<unknown> {
  const { body } = await setting.get(`${API}/audit`, bob);
  return body;
}

const by = { person: "bob", identity: `${ISSUER}#sub-of-bob`, from: "jwt 192.0.2.7" };

test.each<[string, string, string, object]>([
  ["stop", "/runs/hello-1/stop", "stop", { run: "hello-1", release: INDEX, comment: "why" }],
  [
    "an override",
    "/runs/hello-1/stages/production/override",
    "override",
    { run: "hello-1", stage: "production", release: INDEX, comment: "why" },
  ],
  [
    "a hold",
    "/pipelines/hello/stages/production/hold",
    "hold",
    { pipeline: "hello", stage: "production", comment: "why" },
  ],
])("%s is on record, with what it was about", async (_what, path, act, about) => {
  const production = { ...PRODUCTION, window, overrides: ["release-managers"] };
  const setting = await Setting.atTheGate({ pipeline: definition({ stages: [STAGING, production] }) });
  expect(await setting.post(API + path, bob, { reason: "why" })).toMatchObject({ status: 200 });
  expect(await recorded(setting)).toMatchObject({ entries: [{ act, ...by, ...about }] });
});

test("so is a run that somebody has started: its release is not known yet", async () => {
  const setting = new Setting({ operators: ["release-managers"] });
  expect(await setting.post(`${API}/pipelines/hello/runs`, bob, {})).toMatchObject({ status: 201 });
  const answer = await setting.get(`${API}/audit`, bob);
  expect(answer.body).toEqual({
    entries: [
      {
        at: "2026-11-21T09:00:01.000Z",
        act: "start",
        pipeline: "hello",
        run: "hello-1",
        commit: "2".repeat(40),
        ...by,
      },
    ],
  });
});
