import { describe, expect, test } from "@jest/globals";
import { compilePipelines, renderFault } from "../../shared/definition/compile.ts";

const compile = (text: string) =>
  compilePipelines([
    {
      file: "pipelines/hello.yml",
      text: `name: hello
source: { codecommit: { repository: hello } }
images: [{ name: hello }]
stages:
  - name: production
    approval: { from: [release-managers] }
    deploy: [{ ecs: { cluster: production, service: web, containers: { web: hello } } }]
${text}`,
    },
  ]);

const faults = (text: string) => compile(text).faults.map(renderFault);

describe("identities in a definition", () => {
  test("are part of the pipeline; without any there is none", () => {
    const text = "identities: { alice: [alice@example.com, alice-gh, 'arn:aws:iam::1:user/al'] }\n";
    expect(compile(text).pipelines[0]?.identities).toEqual({
      alice: ["alice@example.com", "alice-gh", "arn:aws:iam::1:user/al"],
    });
    expect(compile("").pipelines[0]).not.toHaveProperty("identities");
  });

  test("make nobody two people", () => {
    expect(faults("identities:\n  alice: [al@example.com, bob]\n  bob: [AL@example.com]\n")).toEqual([
      'pipelines/hello.yml:9 identities.alice[1]: "bob" is bob already: one name cannot be two people',
      'pipelines/hello.yml:10 identities.bob[0]: "AL@example.com" is alice already: one name cannot be two people',
    ]);
  });

  test("a person without another name is a fault", () => {
    expect(faults("identities: { alice: [] }\n")).toEqual([expect.stringContaining("identities.alice")]);
  });
});

describe("a group that is not there", () => {
  test("is found when it is almost one that is listed", () => {
    expect(faults("groups: { release-manager: [alice] }\n")).toEqual([
      'pipelines/hello.yml:6 stages[0].approval.from[0]: there is no group "release-managers"; did you mean "release-manager"?',
    ]);
  });

  test.each(["groups: { auditors: [eve] }\n", ""])("may be a role, or a group of the issuer: %j", (text) => {
    expect(faults(text)).toEqual([]);
  });
});
