import {
  DescribeRuleCommand,
  DisableRuleCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  control,
  eventSchema,
  PRINTER,
  putEvents,
  QUEUE,
  received,
  rule,
  ruleArn,
} from "./events-support.ts";
import { functionArn, type LambdaEndpoint, startLambdaEndpoint } from "./lambda-endpoint.ts";

let local: LambdaEndpoint;
beforeEach(async () => {
  local = await startLambdaEndpoint();
});
afterEach(() => local.close());

describe("rules over the API", () => {
  test("are listed, described, tried out and switched off", async () => {
    await local.deploy("wanted", PRINTER);
    await rule(local, "beta", "wanted", { EventPattern: { source: ["tandem.test"] }, Description: "second" });
    await rule(local, "alpha", "wanted", { ScheduleExpression: "rate(1 hour)" });
    const { Rules, NextToken } = await local.eventsClient.send(new ListRulesCommand({ Limit: 1 }));
    expect(Rules?.map(({ Name }) => Name)).toEqual(["alpha"]);
    const rest = await local.eventsClient.send(new ListRulesCommand({ ...(NextToken ? { NextToken } : {}) }));
    expect(rest.Rules?.map(({ Name }) => Name)).toEqual(["beta"]);
    expect(await local.eventsClient.send(new DescribeRuleCommand({ Name: "beta" }))).toMatchObject({
      Arn: ruleArn("beta"),
      State: "ENABLED",
      Description: "second",
      EventPattern: '{"source":["tandem.test"]}',
    });
    const { Targets } = await local.eventsClient.send(new ListTargetsByRuleCommand({ Rule: "beta" }));
    expect(Targets).toEqual([{ Id: "function", Arn: functionArn("wanted") }]);

    const tried = new TestEventPatternCommand({ EventPattern: '{"source":["a"]}', Event: '{"source":"a"}' });
    expect((await local.eventsClient.send(tried)).Result).toBe(true);
    const wrong = new TestEventPatternCommand({ EventPattern: '{"source":"a"}', Event: "{}" });
    await expect(local.eventsClient.send(wrong)).rejects.toMatchObject({
      name: "InvalidEventPatternException",
    });

    await local.eventsClient.send(new DisableRuleCommand({ Name: "beta" }));
    await putEvents(local, {});
    await expect(local.eventsClient.send(new DescribeRuleCommand({ Name: "gamma" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const { body } = await control(local, "GET", "/_local/events");
    expect(body.events.map(({ rules }) => rules)).toEqual([[]]);
  });

  test("a rule that is wrong is refused with what is wrong", async () => {
    const create = (properties: object) => local.create("AWS::Events::Rule", "R", { ...properties });
    await expect(create({ EventPattern: { source: "x" } })).rejects.toThrow(
      /"source" must be an object or an array/,
    );
    await expect(create({})).rejects.toThrow(/must have an EventPattern or a ScheduleExpression/);
    await expect(create({ ScheduleExpression: "rate(2 minute)" })).rejects.toThrow(/rate\(2 minute\)/);
    const target = { Id: "q", Arn: QUEUE };
    await expect(create({ ScheduleExpression: "rate(1 hour)", Targets: [target] })).rejects.toThrow(
      /Targets\.0\.Arn: only Lambda functions can be targets locally/,
    );
  });
});

describe("faults, history and schedules", () => {
  beforeEach(async () => {
    await local.deploy("wanted", PRINTER);
    await rule(local, "match", "wanted", { EventPattern: { source: ["tandem.test"] } });
  });
  const numbers = () => received(local, "wanted").map((event) => eventSchema.parse(event).detail.n);

  test("a lost event is remembered and can be delivered again", async () => {
    await control(local, "POST", "/_local/events/faults", { detailType: "Other", mode: "lose" });
    await control(local, "POST", "/_local/events/faults", { detailType: "Test", mode: "lose" });
    await putEvents(local, { Detail: '{"n": 1}' }, { Detail: '{"n": 2}' });
    await local.until(() => numbers().length === 1);
    expect(numbers()).toEqual([2]);

    const { body } = await control(local, "GET", "/_local/events");
    expect(body.events).toMatchObject([
      { sequence: 1, fault: "lose", deliveries: 0, rules: [], event: { detail: { n: 1 } } },
      { sequence: 2, deliveries: 1, rules: ["match"] },
    ]);
    const replayed = await control(local, "POST", "/_local/events/replay", { id: body.events[0]?.event.id });
    expect(replayed.body.rules).toEqual(["match"]);
    await local.until(() => numbers().length === 2);
    expect(numbers()).toEqual([2, 1]);

    const later = await control(local, "GET", "/_local/events?since=1");
    expect(later.body).toMatchObject({ last: 2, events: [{ sequence: 2 }] });
    expect((await control(local, "GET", "/_local/events/faults")).body.faults).toHaveLength(1);
    expect((await control(local, "DELETE", "/_local/events/faults")).body.faults).toEqual([]);
  });

  test("a doubled event comes twice with one id; a delayed one after those behind it", async () => {
    await control(local, "POST", "/_local/events/faults", { mode: "double" });
    await control(local, "POST", "/_local/events/faults", { mode: "delay", milliseconds: 3_000 });
    await putEvents(local, { Detail: '{"n": 1}' }, { Detail: '{"n": 2}' }, { Detail: '{"n": 3}' });
    await local.until(() => numbers().length === 3);
    expect(numbers().sort()).toEqual([1, 1, 3]);
    await local.until(() => numbers().length === 4);
    expect(numbers().at(-1)).toBe(2);
    const ids = received(local, "wanted").map((event) => eventSchema.parse(event).id);
    expect(new Set(ids).size).toBe(3);
  });

  test("scheduled rules can be fired by hand, and only they", async () => {
    await local.deploy("swept", PRINTER);
    await rule(local, "sweep", "swept", { ScheduleExpression: "rate(1 minute)" });
    await rule(local, "asleep", "wanted", { ScheduleExpression: "rate(1 minute)", State: "DISABLED" });
    const { body } = await control(local, "POST", "/_local/schedules/run");
    expect(body.fired).toEqual([{ rule: "sweep", id: expect.any(String) }]);
    await local.until(() => received(local, "swept").length > 0);
    expect(received(local, "swept")).toMatchObject([
      { source: "aws.events", "detail-type": "Scheduled Event", resources: [ruleArn("sweep")], detail: {} },
    ]);
    expect(received(local, "wanted")).toEqual([]);
  });

  test.each<[string, string, object | undefined, number, RegExp]>([
    ["POST", "/_local/events/faults", { mode: "eat" }, 400, /mode: .*lose/],
    ["POST", "/_local/events/faults", { mode: "delay" }, 400, /a delay needs milliseconds/],
    ["POST", "/_local/events/replay", { id: "none" }, 404, /No recent event has the id none/],
    ["GET", "/_local/events?since=x", undefined, 400, /since must be/],
    ["GET", "/_local/events/other", undefined, 404, /There is no GET/],
  ])("%s %s %j is answered %d", async (method, path, body, status, message) => {
    const answer = await control(local, method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toMatch(message);
  });
});
