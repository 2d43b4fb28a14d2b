import { afterEach, expect, test } from "@jest/globals";
import { type FakeApi, type Reply, startFakeApi, tandem } from "./support.ts";

let api: FakeApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});
const redeliver = async (reply: Reply, args: readonly string[] = []) => {
  api = await startFakeApi(() => reply);
  const ran = await tandem(["local", "redeliver", ...args], { url: api.url });
  return { ...ran, asked: api.seen.map(({ method, url, body }) => `${method} ${url} ${body}`) };
};
const again = (parts: Readonly<Record<string, unknown>> = {}) => ({
  id: 13,
  guid: "g",
  event: "push",
  repository: "octo/shop",
  status: "OK",
  status_code: 202,
  response: '{"accepted":["shop-3","docs-1"],"ignored":"dev: not its branch"}',
  ...parts,
});

test("the newest unless told, with what the webhook said", async () => {
  const { code, out, asked } = await redeliver({ body: again() });
  expect(code).toBe(0);
  expect(asked).toEqual(['POST /_local/github/redeliver {"delivery":"last"}']);
  expect(out).toBe(
    "sent again as delivery 13, push of octo/shop: OK (202)\naccepted: shop-3, docs-1\nignored: dev: not its branch\n",
  );
});

test("a delivery by its id, and the answer as JSON", async () => {
  const { out, asked } = await redeliver({ body: again() }, ["12", "--json"]);
  expect(asked).toEqual(['POST /_local/github/redeliver {"delivery":"12"}']);
  expect(JSON.parse(out)).toEqual(again());
});

test("a webhook that does not take it: exit 1, with its own words", async () => {
  const body = again({ status: "Invalid HTTP Response: 401", status_code: 401, response: "no\u001b[2J" });
  const { code, out } = await redeliver({ body });
  expect(code).toBe(1);
  expect(out).toBe(
    "sent again as delivery 13, push of octo/shop: Invalid HTTP Response: 401 (401)\nno\u{fffd}[2J\n",
  );
});

test("no such delivery: exit 4, in the local endpoint's words", async () => {
  const { code, err } = await redeliver({ status: 404, body: { message: "there is no delivery 99" } }, [
    "99",
  ]);
  expect({ code, err }).toEqual({ code: 4, err: "tandem: there is no delivery 99\n" });
});

test("only on this machine", async () => {
  const { code, err } = await tandem(["local", "redeliver", "--url", "https://tandem.example.org"]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /is not on this machine: on GitHub, deliveries are sent again in the webhook's settings/,
  );
});
