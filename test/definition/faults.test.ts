import { describe, expect, test } from "@jest/globals";
import { compilePipelines, renderFault } from "../../shared/definition/compile.ts";
import { faultsOf, pipelineWith } from "./yaml.ts";

const at = (rest: string) => `pipelines/hello.yml:${rest}`;
const EXPECTED_PLATFORMS = "linux/amd64, linux/arm64, linux/arm/v7";

/** [what is wrong, the lines that make it so, what a person is told] */
const CASES: readonly (readonly [string, Readonly<Record<number, string>>, string])[] = [
  ["a misspelt key", { 7: "stagse:" }, at('7 stagse: unknown key; did you mean "stages"?')],
  [
    "a misspelt key far down",
    { 13: "          servcie: web\n          service: web" },
    at('13 stages[0].deploy[0].ecs.servcie: unknown key; did you mean "service"?'),
  ],
  [
    "a key that resembles none",
    { 3: "  codecommit: { repository: hello, zzzzzzz: 1 }" },
    at(
      "3 source.codecommit.zzzzzzz: unknown key; there are repository, branches, tags, paths, ignoreAuthors, pullRequests, approvalState",
    ),
  ],
  ["a missing key", { 1: "mode: queued" }, at("1 name: is missing: text")],
  [
    "a key without value",
    { 2: "source:", 3: "" },
    at("2 source: has no value: it must be a mapping of keys to values"),
  ],
  ["a list that is none", { 6: "    tags: main" }, at('6 images[0].tags: must be a list, not "main"')],
  [
    "an empty list",
    { 4: "images: []", 5: "", 6: "", 14: "          containers: { web: hello }" },
    at("4 images: must not be an empty list"),
  ],
  [
    "a text where a number belongs",
    { 6: "    timeoutMinutes: 'ten'" },
    at('6 images[0].timeoutMinutes: must be a number, not "ten"'),
  ],
  [
    "half a minute",
    { 6: "    timeoutMinutes: 10.5" },
    at("6 images[0].timeoutMinutes: must be a whole number, not 10.5"),
  ],
  [
    "less than CodeBuild takes",
    { 6: "    timeoutMinutes: 4" },
    at("6 images[0].timeoutMinutes: must be at least 5"),
  ],
  [
    "more than CodeBuild takes",
    { 6: "    timeoutMinutes: 2161" },
    at("6 images[0].timeoutMinutes: must be at most 2160"),
  ],
  [
    "an unknown mode",
    { 1: "name: hello\nmode: queue" },
    at('2 mode: must be one of superseded, queued, parallel, not "queue"; did you mean "queued"?'),
  ],
  [
    "an unknown platform",
    { 6: "    platforms:\n      - linux/amd64\n      - linux/arm46" },
    at(
      `8 images[0].platforms[1]: must be one of ${EXPECTED_PLATFORMS}, not "linux/arm46"; did you mean "linux/arm64"?`,
    ),
  ],
  [
    "compute for an unknown platform",
    { 6: "    compute: { linux/arm65: BUILD_GENERAL1_SMALL }" },
    at('6 images[0].compute.linux/arm65: unknown key; did you mean "linux/arm64"?'),
  ],
  [
    "an unknown placeholder",
    { 6: "    tags: ['{branch}', 'v{version}']" },
    at(
      "6 images[0].tags[1]: has no placeholder {version}; there are {branch}, {tag}, {semver}, {sha}, {shortSha}",
    ),
  ],
  [
    "a name in capitals",
    { 1: "name: Hello" },
    at('1 name: "Hello" must be lower-case letters, digits and hyphens, beginning with a letter'),
  ],
  [
    "a name that is too long",
    { 1: `name: ${"a".repeat(41)}` },
    at("1 name: must have at most 40 characters"),
  ],
  [
    "a path out of the repository",
    { 6: "    context: ../secrets" },
    at("6 images[0].context: must not leave the repository (..)"),
  ],
  [
    "an absolute path",
    { 6: "    dockerfile: /etc/passwd" },
    at('6 images[0].dockerfile: "/etc/passwd" must be a relative path of letters, digits, . _ - /'),
  ],
  [
    "an option for a path",
    { 6: "    dockerfile: --help" },
    at('6 images[0].dockerfile: "--help" must be a relative path of letters, digits, . _ - /'),
  ],
  [
    "a duration in words",
    { 9: "    approval: { from: [a], expiresAfter: a week }" },
    at(
      '9 stages[0].approval.expiresAfter: "a week" must be a number of minutes, hours or days, at most 9999, e.g. 30m, 12h, 7d',
    ),
  ],
  [
    "no time at all",
    { 9: "    approval: { from: [a], expiresAfter: 0d }" },
    at(
      '9 stages[0].approval.expiresAfter: "0d" must be a number of minutes, hours or days, at most 9999, e.g. 30m, 12h, 7d',
    ),
  ],
  [
    "an approval by nobody",
    { 9: "    approval: { from: [] }" },
    at("9 stages[0].approval.from: must not be an empty list"),
  ],
  [
    "a word for a switch",
    { 9: "    approval: { from: [a], selfApproval: 'yes' }" },
    at('9 stages[0].approval.selfApproval: must be true or false, not "yes"'),
  ],
  [
    "a container with spaces",
    { 14: "          containers: { my web: hello }" },
    at(
      '14 stages[0].deploy[0].ecs.containers.my web: "my web" must be letters, digits, hyphens and underscores',
    ),
  ],
  ["no source", { 3: "  {}" }, at("2 source: must name one source: codecommit or github")],
  [
    "two sources",
    { 3: "  codecommit: { repository: hello }\n  github: { repository: acme/hello }" },
    at("2 source: must name one source: codecommit or github"),
  ],
  [
    "a repository at GitHub without its owner",
    { 3: "  github: { repository: hello }" },
    at('3 source.github.repository: "hello" must be OWNER/NAME'),
  ],
  [
    "the address of a repository at GitHub",
    { 3: "  github: { repository: https://github.com/acme/hello }" },
    at('3 source.github.repository: "https://github.com/acme/hello" must be OWNER/NAME'),
  ],
  [
    "pull requests to be deployed",
    { 3: "  github: { repository: acme/hello, pullRequests: deploy }" },
    at('3 source.github.pullRequests: must be one of off, build-only, not "deploy"'),
  ],
  [
    "forks in CodeCommit, which has none",
    { 3: "  codecommit: { repository: hello, forks: build-only }" },
    at(
      "3 source.codecommit.forks: unknown key; there are repository, branches, tags, paths, ignoreAuthors, pullRequests, approvalState",
    ),
  ],
  [
    "approvals of pull requests that nobody builds",
    { 3: "  codecommit: { repository: hello, approvalState: true }" },
    at("3 source.codecommit.approvalState: needs pullRequests: build-only, or there is nothing to approve"),
  ],
  [
    "a connection that is no ARN",
    { 3: "  github: { repository: acme/hello, connection: mine }" },
    at('3 source.github.connection: "mine" must be the ARN of a connection'),
  ],
  [
    "a schedule as in crontab",
    { 1: "name: hello\nschedule: ['0 3 * * 1']" },
    at(
      '2 schedule[0]: "0 3 * * 1" must be an EventBridge expression, e.g. rate(1 day) or cron(0 3 ? * MON *)',
    ),
  ],
  [
    "a rate that EventBridge refuses",
    { 1: "name: hello\nschedule: [rate(1 days)]" },
    at(
      '2 schedule[0]: "rate(1 days)" must be an EventBridge expression, e.g. rate(1 day) or cron(0 3 ? * MON *)',
    ),
  ],
  [
    "a base image with its registry",
    { 1: "name: hello\nrebuildOn: [docker.io/Node]" },
    at('2 rebuildOn[0]: "docker.io/Node" must be a repository name: lower-case letters, digits, . _ - /'),
  ],
  // Between parts that are each well-formed.
  [
    "a pipeline that waits for its own image",
    { 1: "name: hello\nrebuildOn: [hello]" },
    at('2 rebuildOn[0]: "hello" is built by this pipeline itself'),
  ],
  [
    "an image that is not built",
    { 14: "          containers: { web: helo }" },
    at('14 stages[0].deploy[0].ecs.containers.web: image "helo" is not built here; did you mean "hello"?'),
  ],
  [
    "no container",
    { 14: "          containers: {}" },
    at("14 stages[0].deploy[0].ecs.containers: names no container"),
  ],
  ["two images of one name", { 6: "  - name: hello" }, at('6 images[1].name: image "hello" is there twice')],
  [
    "a platform twice",
    { 6: "    platforms: [linux/arm64, linux/arm64]" },
    at("6 images[0].platforms[1]: linux/arm64 is there twice"),
  ],
  [
    "compute for a platform that is not built",
    { 6: "    compute: { linux/arm/v7: BUILD_GENERAL1_SMALL }" },
    at(
      "6 images[0].compute.linux/arm/v7: the image is not built for linux/arm/v7; its platforms are linux/amd64, linux/arm64",
    ),
  ],
  [
    "two stages of one name",
    {
      14: "          containers: { web: hello }\n  - name: staging\n    deploy: [{ ecs: { cluster: c, service: s, containers: { web: hello } } }]",
    },
    at('15 stages[1].name: stage "staging" is there twice'),
  ],
  [
    "a service twice in a stage",
    {
      14: "          containers: { web: hello }\n      - ecs: { cluster: staging, service: web, containers: { web: hello } }",
    },
    at("15 stages[0].deploy[1].ecs.service: the stage deploys staging/web twice"),
  ],
  [
    "no weight",
    { 14: "          containers: { web: hello }\n          capacity: { x86: { base: 1 } }" },
    at("15 stages[0].deploy[0].ecs.capacity: needs a weight above 0 on at least one capacity provider"),
  ],
  [
    "two bases",
    {
      14: "          containers: { web: hello }\n          capacity: { x86: { base: 1, weight: 1 }, graviton: { base: 1, weight: 1 } }",
    },
    at("15 stages[0].deploy[0].ecs.capacity: may have a base on one capacity provider only"),
  ],
  // YAML itself.
  ["a key given twice", { 2: "name: again\nsource:" }, at("2 name: is there twice")],
  [
    "a key given twice far down",
    { 13: "          service: web\n          service: api" },
    at("14 stages[0].deploy[0].ecs.service: is there twice"),
  ],
  ["a tab", { 3: "\tcodecommit: { repository: hello }" }, at("3: Tabs are not allowed as indentation")],
  ["an alias without anchor", { 1: "name: *hello" }, at("1 name: there is no anchor &hello before *hello")],
  [
    "two documents",
    { 14: "          containers: { web: hello }\n---\nname: other" },
    at("15: a file holds one pipeline: give the next a file of its own"),
  ],
];

describe("a fault is told with its file, line and path, and with what was meant", () => {
  test("the pipeline without a fault has none", () => {
    expect(faultsOf(pipelineWith())).toEqual([]);
  });

  test.each(CASES)("%s", (_what, changes, expected) => {
    expect(faultsOf(pipelineWith(changes))).toEqual([expected]);
  });
});

describe("files that are no pipeline at all", () => {
  test.each([
    ["an empty file", "", "p.yml:1: the file is empty"],
    ["only a comment", "# later\n", "p.yml:1: the file is empty"],
    ["a list", "- name: hello\n", "p.yml:1: must be a mapping of keys to values, not a list"],
    ["a missing space", "name:hello\n", 'p.yml:1: must be a mapping of keys to values, not "name:hello"'],
    ["a mapping as key", "? { a: b }\n: c\n", "p.yml:1: a key must be plain text"],
    ["an unknown YAML tag", "name: !secret hello\n", "p.yml:1: Unresolved tag: !secret"],
  ])("%s", (_what, text, expected) => {
    expect(faultsOf(text, "p.yml")).toEqual([expected]);
  });

  test("aliases of aliases of aliases end as a fault, not as a full memory", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x,x]",
      ..."bcdefgh".split("").map((name, index) => {
        const before = "abcdefg"[index];
        return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(",")}]`;
      }),
    ].join("\n");
    expect(faultsOf(bomb, "p.yml")).toEqual([expect.stringContaining("alias")]);
  });
});

test("every fault of every file is told at once, by file and line", () => {
  const { faults } = compilePipelines([
    {
      file: "pipelines/b.yml",
      text: "name: twin\nsource: { codecommit: { repository: b } }\nimages: [{ name: Bb }]\nmode: fast\n",
    },
    {
      file: "pipelines/a.yml",
      text: pipelineWith({
        1: "name: twin\nname: twin",
        7: "stagse: 1\nstages:",
        14: "          containers: { web: other }",
      }),
    },
    { file: "pipelines/c.yml", text: "name: [\n" },
  ]);
  expect(faults.map(renderFault)).toEqual([
    "pipelines/a.yml:2 name: is there twice",
    'pipelines/a.yml:2 name: another pipeline is called "twin" already: pipelines/b.yml',
    'pipelines/a.yml:8 stagse: unknown key; did you mean "stages"?',
    'pipelines/a.yml:16 stages[0].deploy[0].ecs.containers.web: image "other" is not built here; there are hello',
    'pipelines/b.yml:3 images[0].name: "Bb" must be a repository name: lower-case letters, digits, . _ - /',
    'pipelines/b.yml:4 mode: must be one of superseded, queued, parallel, not "fast"',
    expect.stringMatching(/^pipelines\/c\.yml:2: .+/),
  ]);
});
