import { describe, expect, test } from "@jest/globals";
import { compilePattern } from "../../local/events/pattern.ts";

/**
 * Cases after the rules and examples of EventBridge's user guide (event patterns, comparison operators) and of the README
 * of AWS's Event Ruler, which states the rules for arrays and `exists` most exactly.
 */

/** The event most cases ask about; `detail` is what matters. */
const event = {
  version: "0",
  id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
  "detail-type": "EC2 Instance State-change Notification",
  source: "aws.ec2",
  account: "111122223333",
  time: "2026-11-21T18:43:48Z",
  region: "us-west-1",
  resources: [
    "arn:aws:ec2:us-west-1:123456789012:instance/i-1",
    "arn:aws:ec2:us-west-1:123456789012:volume/v-2",
  ],
  detail: {
    state: "running",
    count: 5,
    limit: 301.8,
    ip: "10.0.0.33",
    ip6: "2001:db8::17",
    file: "dir/deep/image.PNG",
    empty: "",
    nothing: null,
    flag: true,
    nested: { name: "web", list: [] },
    tags: ["blue", "green"],
    containers: [
      { name: "web", exitCode: 0 },
      { name: "sidecar", exitCode: 1 },
    ],
  },
};

type Case = readonly [title: string, pattern: unknown, matches: boolean];
const detail = (pattern: unknown) => ({ detail: pattern });

const cases: Record<string, readonly Case[]> = {
  "exact values": [
    ["one of several", { source: ["aws.ecs", "aws.ec2"] }, true],
    ["none of several", { source: ["aws.ecs", "aws.s3"] }, false],
    ["all fields must match", { source: ["aws.ec2"], region: ["eu-west-1"] }, false],
    ["nested", detail({ nested: { name: ["web"] } }), true],
    ["a number", detail({ count: [5] }), true],
    ["a number is not its text", detail({ count: ["5"] }), false],
    ["a boolean", detail({ flag: [true] }), true],
    ["a boolean is not its text", detail({ flag: ["true"] }), false],
    ["case matters", { source: ["AWS.EC2"] }, false],
    ["an absent field", detail({ missing: ["x"] }), false],
    ["below an absent field", detail({ missing: { name: ["x"] } }), false],
    ["below a leaf", detail({ state: { name: ["running"] } }), false],
    ["an inherited name is no field", detail({ toString: [{ exists: true }] }), false],
  ],
  "null and empty": [
    ["null matches null", detail({ nothing: [null] }), true],
    ["null does not match the empty string", detail({ empty: [null] }), false],
    ["the empty string matches itself", detail({ empty: [""] }), true],
    ["the empty string is not null", detail({ nothing: [""] }), false],
    ["null does not match absence", detail({ missing: [null] }), false],
  ],
  arrays: [
    ["one element is enough", { resources: [{ suffix: "volume/v-2" }] }, true],
    ["none of the elements", detail({ tags: ["red"] }), false],
    ["an element of objects", detail({ containers: { name: ["sidecar"] } }), true],
    ["fields of the same element", detail({ containers: { name: ["web"], exitCode: [0] } }), true],
    ["not of two elements", detail({ containers: { name: ["web"], exitCode: [1] } }), false],
    ["anything-but asks for one other element", detail({ tags: [{ "anything-but": "blue" }] }), true],
  ],
  "prefix and suffix": [
    ["prefix", { time: [{ prefix: "2026-11-21" }] }, true],
    ["prefix of something else", { time: [{ prefix: "2025" }] }, false],
    ["prefix of a number", detail({ count: [{ prefix: "5" }] }), false],
    ["prefix without case", { source: [{ prefix: { "equals-ignore-case": "AWS." } }] }, true],
    ["suffix", detail({ file: [{ suffix: ".PNG" }] }), true],
    ["suffix in another case", detail({ file: [{ suffix: ".png" }] }), false],
    ["suffix without case", detail({ file: [{ suffix: { "equals-ignore-case": ".png" } }] }), true],
  ],
  "equals-ignore-case": [
    ["equal", detail({ state: [{ "equals-ignore-case": "RUNNING" }] }), true],
    ["only a part", detail({ state: [{ "equals-ignore-case": "RUN" }] }), false],
  ],
  wildcard: [
    ["in the middle", detail({ file: [{ wildcard: "dir/*.PNG" }] }), true],
    ["matches nothing as well", detail({ state: [{ wildcard: "running*" }] }), true],
    ["several", detail({ file: [{ wildcard: "*deep*PNG" }] }), true],
    ["not the whole text", detail({ file: [{ wildcard: "deep/*" }] }), false],
    ["a dot is a dot", { source: [{ wildcard: "aws?ec*" }] }, false],
    ["an escaped star is a star", detail({ file: [{ wildcard: "dir/\\*" }] }), false],
  ],
  "anything-but": [
    ["another value", detail({ state: [{ "anything-but": "initializing" }] }), true],
    ["the value", detail({ state: [{ "anything-but": "running" }] }), false],
    ["not in a list", detail({ state: [{ "anything-but": ["stopped", "overloaded"] }] }), true],
    ["in a list", detail({ state: [{ "anything-but": ["stopped", "running"] }] }), false],
    ["a number in a list", detail({ count: [{ "anything-but": [5, 6] }] }), false],
    ["a number not in a list", detail({ limit: [{ "anything-but": [100, 200, 300] }] }), true],
    ["an absent field", detail({ missing: [{ "anything-but": "x" }] }), false],
    ["prefix", detail({ state: [{ "anything-but": { prefix: "run" } }] }), false],
    ["prefixes", detail({ state: [{ "anything-but": { prefix: ["init", "stop"] } }] }), true],
    ["suffix", detail({ file: [{ "anything-but": { suffix: ".PNG" } }] }), false],
    ["suffixes", detail({ file: [{ "anything-but": { suffix: [".jpg", ".PNG"] } }] }), false],
    ["without case", detail({ state: [{ "anything-but": { "equals-ignore-case": ["RUNNING"] } }] }), false],
    ["wildcard", detail({ file: [{ "anything-but": { wildcard: "*/deep/*" } }] }), false],
    ["another wildcard", detail({ file: [{ "anything-but": { wildcard: "*/lib/*" } }] }), true],
  ],
  numeric: [
    ["in a range", detail({ count: [{ numeric: [">", 0, "<=", 5] }] }), true],
    ["beyond a range", detail({ count: [{ numeric: [">", 5, "<=", 10] }] }), false],
    ["equal", detail({ limit: [{ numeric: ["=", 3.018e2] }] }), true],
    ["text is no number", detail({ state: [{ numeric: ["<", 10] }] }), false],
  ],
  cidr: [
    ["inside", detail({ ip: [{ cidr: "10.0.0.0/24" }] }), true],
    ["outside", detail({ ip: [{ cidr: "10.0.1.0/24" }] }), false],
    ["version 6", detail({ ip6: [{ cidr: "2001:db8::/32" }] }), true],
    ["no address", detail({ state: [{ cidr: "0.0.0.0/0" }] }), false],
  ],
  exists: [
    ["a field", detail({ state: [{ exists: true }] }), true],
    ["null is there", detail({ nothing: [{ exists: true }] }), true],
    ["an absent field", detail({ missing: [{ exists: true }] }), false],
    ["absence", detail({ missing: [{ exists: false }] }), true],
    ["absence below absence", detail({ missing: { deeper: [{ exists: false }] } }), true],
    ["absence of what is there", detail({ state: [{ exists: false }] }), false],
    ["only leaves exist", detail({ nested: [{ exists: true }] }), false],
    ["so that an object counts as absent", detail({ nested: [{ exists: false }] }), true],
    ["an empty list has no leaf", detail({ nested: { list: [{ exists: false }] } }), true],
    ["beside a value: absent or failed", detail({ missing: [{ exists: false }, "failed"] }), true],
  ],
  $or: [
    ["the first", { $or: [{ source: ["aws.ec2"] }, { region: ["x"] }] }, true],
    ["the second", { $or: [{ source: ["x"] }, { detail: { count: [{ numeric: [">", 1] }] } }] }, true],
    ["neither", { $or: [{ source: ["x"] }, { region: ["x"] }] }, false],
    ["and another field", { account: ["0"], $or: [{ source: ["aws.ec2"] }, { region: ["x"] }] }, false],
    ["within detail", detail({ $or: [{ state: ["stopped"] }, { flag: [true] }] }), true],
    ["nested", { $or: [{ source: ["x"] }, { $or: [{ region: ["x"] }, { region: ["us-west-1"] }] }] }, true],
    [
      "an alternative of two fields",
      { $or: [{ source: ["aws.ec2"], region: ["x"] }, { region: ["y"] }] },
      false,
    ],
    ["a plain field when it is no list of alternatives", { $or: { source: ["aws.ec2"] } }, false],
  ],
};

describe.each(Object.entries(cases))("%s", (_operator, rows) => {
  test.each(rows)("%s", (_title, pattern, matches) => {
    expect(compilePattern(pattern)(event)).toBe(matches);
  });
});

test("a wildcard can be escaped", () => {
  const matches = compilePattern({ name: [{ wildcard: "a\\*b\\\\c*" }] });
  expect(["a*b\\c", "a*b\\cd", "axb\\c", "a*bc"].map((name) => matches({ name }))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

describe("patterns that EventBridge refuses", () => {
  test.each<[unknown, RegExp]>([
    [[], /Filter is not an object/],
    [{}, /Empty objects are not allowed/],
    [{ source: "aws.ec2" }, /"source" must be an object or an array at source/],
    [{ source: [] }, /Empty arrays are not allowed at source/],
    [{ detail: { state: [["a"]] } }, /Match value must be .* at detail\.state/],
    [{ source: [{ contains: "x" }] }, /Unrecognized match type contains at source/],
    [{ source: [{ prefix: "a", suffix: "b" }] }, /Only one key allowed/],
    [{ source: [{ prefix: 1 }] }, /prefix match pattern must be a string/],
    [{ source: [{ wildcard: "a**b" }] }, /Consecutive wildcard characters/],
    [{ source: [{ wildcard: "a\\b" }] }, /Invalid escape character/],
    [{ n: [{ numeric: [">"] }] }, /numeric must be/],
    [{ n: [{ numeric: ["!", 1] }] }, /Unrecognized numeric range operator/],
    [{ n: [{ numeric: [">", 6e9] }] }, /between -5\.0e9 and 5\.0e9/],
    [{ n: [{ exists: "yes" }] }, /either true or false/],
    [{ n: [{ cidr: "10.0.0.0" }] }, /Malformed CIDR/],
    [{ n: [{ "anything-but": ["a", 1] }] }, /anything-but/],
    [{ n: [{ "anything-but": { exists: true } }] }, /Unsupported anything-but pattern: exists/],
  ])("%j", (pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(message);
  });
});
