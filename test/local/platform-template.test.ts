import { describe, expect, test } from "@jest/globals";
import type { TemplateResource } from "../../local/service.ts";
import { type Applied, prepareTemplate } from "../../local/template/apply.ts";
import { parseTemplate } from "../../local/template/parse.ts";

interface Options {
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Applies a template whose `AWS::Probe::*` resources are created here, and tells with which properties. */
async function apply(
  text: string,
  options: Options = {},
): Promise<Applied & { readonly made: readonly TemplateResource[] }> {
  const made: TemplateResource[] = [];
  const prepared = prepareTemplate({
    template: parseTemplate(text),
    stackName: "shop",
    stackId: "arn:aws:cloudformation:eu-west-1:000000000000:stack/shop/1",
    parameters: new Map(Object.entries(options.parameters ?? {})),
    context: { accountId: "000000000000", region: "eu-west-1" },
    creator: (type) =>
      type.startsWith("AWS::Probe::")
        ? async (resource) => {
            made.push(resource);
            return { ref: `ref-${resource.logicalId}`, attributes: { Arn: `arn-${resource.logicalId}` } };
          }
        : undefined,
    nameOf: (logicalId) => `shop-${logicalId}`,
  });
  return { ...(await prepared.create()), made };
}

/** The value of one property, in a template with parameters, mappings, conditions and another resource. */
async function _value(yaml: string): Promise<unknown> {
  const { made } = await apply(`
Parameters:
  Stage: { Type: String, Default: production }
  Zones: { Type: CommaDelimitedList, Default: "a, b,c" }
Mappings:
  Sizes: { production: { arm64: m7g.large, zones: [a, b] } }
Conditions:
  IsProduction: !Equals [!Ref Stage, production]
  IsTest: !Not [!Condition IsProduction]
  Either: !Or [!Condition IsTest, !Condition IsProduction]
  Both: !And [!Condition IsTest, !Condition IsProduction]
Resources:
  Other: { Type: AWS::Probe::Other }
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: builder } }
  It:
    Type: AWS::Probe::It
    Properties:
      Value: ${yaml}
`);
  return made.find(({ type }) => type === "AWS::Probe::It")?.properties.Value;
}

/** CloudFormation's own substitution, spelt so that it is none of this file. */
const sub = (name: string): string => ["$", "{", name, "}"].join("");

describe("intrinsic functions", () => {
  test.each<[string, unknown]>([
    ["!Ref Stage", "production"],
    ["!Ref Other", "ref-shop-Other"],
    ["!Ref Zones", ["a", "b", "c"]],
    ["!Ref AWS::Region", "eu-west-1"],
    ["!GetAtt Other.Arn", "arn-shop-Other"],
    ["!GetAtt [Other, Arn]", "arn-shop-Other"],
    ["!GetAtt Role.Arn", "arn:aws:iam::000000000000:role/builder"],
    [
      `!Sub "arn:${sub("AWS::Partition")}:${sub("AWS::AccountId")}/${sub("Other.Arn")}/${sub("!Literal")}"`,
      `arn:aws:000000000000/arn-shop-Other/${sub("Literal")}`,
    ],
    [`!Sub ["${sub("A")}-${sub("Stage")}", { A: !Ref Other }]`, "ref-shop-Other-production"],
    ['!Join ["/", [a, !Ref Stage]]', "a/production"],
    ['!Join ["-", !Ref Zones]', "a-b-c"],
    ["!Select [1, !Ref Zones]", "b"],
    ['!Split [".", "a.b"]', ["a", "b"]],
    ["!FindInMap [Sizes, !Ref Stage, arm64]", "m7g.large"],
    ["!If [IsProduction, yes-it-is, !GetAtt Missing.Arn]", "yes-it-is"],
    ["!If [IsTest, 1, 2]", 2],
    ["!If [Either, 1, 2]", 1],
    ["!If [Both, 1, 2]", 2],
    ["[!If [IsTest, a, !Ref AWS::NoValue], b]", ["b"]],
    ["{ A: !Ref AWS::NoValue, B: 1 }", { B: 1 }],
    ["!Base64 hello", "aGVsbG8="],
    ["!GetAZs ''", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]],
    ["{ 'Fn::Join': ['', [{ Ref: Stage }, '!']] }", "production!"],
  ])("%s", async (yaml, expected) => {
    expect(await _value(yaml)).toEqual(expected);
  });

  test.each([
    ["!Ref Nothing", "Resources.It.Properties.Value: Ref Nothing names no parameter or resource"],
    ["!GetAtt Nothing.Arn", "Fn::GetAtt Nothing.Arn names no resource"],
    ["!GetAtt Other.Colour", "the local AWS::Probe::Other Other has no attribute Colour"],
    ["{ A: [!Ref Nothing] }", "Resources.It.Properties.Value.A[0]: Ref Nothing"],
    ["!FindInMap [Sizes, test, arm64]", "Mappings has no Sizes.test.arm64"],
    ["!Select [7, !Ref Zones]", "Fn::Select finds no item 7"],
    ["!If [Nowhere, 1, 2]", "there is no condition Nowhere"],
    ["!ImportValue shared-vpc", "Fn::ImportValue is not emulated"],
  ])("%s is refused with its place", async (yaml, message) => {
    await expect(_value(yaml)).rejects.toThrow(message);
  });
});

describe("order", () => {
  const names = async (resources: unknown) =>
    (await apply(JSON.stringify({ Resources: resources }))).resources.map(({ logicalId }) => logicalId);
  const probe = (properties: unknown, more = {}) => ({
    Type: "AWS::Probe::It",
    Properties: properties,
    ...more,
  });

  test("a resource comes after those that it refers to in any way", async () => {
    expect(
      await names({
        A: probe({ X: { Ref: "B" } }),
        B: probe({ X: [{ "Fn::GetAtt": ["C", "Arn"] }] }),
        C: probe({ X: { "Fn::Sub": `x-${sub("D.Arn")}` } }),
        D: probe({ X: { "Fn::Join": ["", ["a", { "Fn::GetAtt": "E.Arn" }]] } }),
        E: probe({}, { DependsOn: "F" }),
        F: probe({}),
      }),
    ).toEqual(["F", "E", "D", "C", "B", "A"]);
  });

  test("a circle is refused by name", async () => {
    const resources = { A: probe({ X: { Ref: "B" } }), B: probe({ X: { Ref: "A" } }) };
    await expect(names(resources)).rejects.toThrow("Circular dependency between resources: [A, B]");
  });

  test("a resource whose condition does not hold is left out", async () => {
    const template = {
      Conditions: { Never: { "Fn::Equals": ["a", "b"] } },
      Resources: { A: probe({}), B: probe({}, { Condition: "Never" }) },
      Outputs: { Has: { Value: { Ref: "A" } }, HasNot: { Value: { Ref: "B" }, Condition: "Never" } },
    };
    const { resources, outputs } = await apply(JSON.stringify(template));
    expect(resources.map(({ logicalId }) => logicalId)).toEqual(["A"]);
    expect(outputs).toEqual([{ key: "Has", value: "ref-shop-A" }]);
  });
});

describe("what has no effect here", () => {
  test("is told apart from what is not emulated", async () => {
    const { resources } = await apply(`
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Policy: { Type: AWS::IAM::ManagedPolicy, Properties: { PolicyDocument: !Ref Unreadable } }
  It: { Type: AWS::Probe::It, Properties: { Topic: !Ref Topic, Name: !GetAtt Topic.TopicName } }
`);
    expect(resources).toEqual([
      { logicalId: "Topic", type: "AWS::SNS::Topic", physicalId: "shop-Topic", emulated: false },
      {
        logicalId: "Policy",
        type: "AWS::IAM::ManagedPolicy",
        physicalId: expect.stringMatching(/^arn:aws:iam/),
        emulated: true,
      },
      { logicalId: "It", type: "AWS::Probe::It", physicalId: "ref-shop-It", emulated: true },
    ]);
  });
});

describe("parameters and format", () => {
  const template =
    "Parameters: { Name: { Type: String, AllowedValues: [a, b] }, Count: { Type: Number, Default: 1 } }\nResources: { It: { Type: AWS::Probe::It, Properties: { N: !Ref Name } } }";

  test("given values are used", async () => {
    expect((await apply(template, { parameters: { Name: "b" } })).made[0]?.properties).toEqual({ N: "b" });
  });

  test.each<[Readonly<Record<string, string>>, string]>([
    [{}, "Parameters: [Name] must have values"],
    [{ Name: "c" }, "parameter Name must be one of [a, b], not c"],
    [{ Name: "a", Count: "many" }, "Parameter 'Count' must be a number, not many"],
    [{ Name: "a", Colour: "red" }, "Parameters: [Colour] do not exist in the template"],
  ])("%j is refused", async (parameters, message) => {
    await expect(apply(template, { parameters })).rejects.toThrow(message);
  });

  test.each([
    ["Resources: {}", "At least one Resources member"],
    ["- a", "the template is not an object"],
    ["Resources: { A: { Properties: {} } }", "Resources.A has no Type"],
    ["Resources: { A: ", "YAML not well-formed"],
    ["Resources: { A: { Type: AWS::Probe::It, Properties: { X: !Nope y } } }", "Unresolved tag: !Nope"],
    ["{", "JSON not well-formed"],
    ["Transform: AWS::Serverless-2016-10-31\nResources: { A: { Type: B } }", "is not emulated"],
  ])("%j is refused", async (text, message) => {
    await expect(apply(text)).rejects.toThrow(message);
  });
});
