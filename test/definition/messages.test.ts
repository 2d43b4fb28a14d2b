import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { compilePipelines } from "../../shared/definition/compile.ts";
import { eventSchemaText } from "../../shared/definition/event-schema.ts";
import { STATES_OF } from "../../shared/pipeline/news.ts";
import { DETAIL_TYPES } from "../../shared/pipeline/news-detail.ts";
import { faultsOf, pipelineWith } from "./yaml.ts";

/** The faultless pipeline, and these lines from line 15 on. */
const withMessages = (...lines: readonly string[]) =>
  `${pipelineWith()}${["messages:", ...lines].join("\n")}\n`;

const channels = (...lines: readonly string[]) =>
  compilePipelines([{ file: "p.yml", text: withMessages(...lines) }]).pipelines[0]?.messages;

describe("who is told", () => {
  test("nobody, unless the pipeline says so", () => {
    const [pipeline] = compilePipelines([{ file: "p.yml", text: pipelineWith() }]).pipelines;
    expect(pipeline).not.toHaveProperty("messages");
  });

  test("people of what they are asked, what fails and what goes live; programs of everything; or what is said", () => {
    expect(
      channels(
        "  - slack: { channel: C0123456789 }",
        "  - slack: { webhook: releases }",
        "    about: [failures]",
        "  - sns: { topic: releases, email: [a@example.com] }",
        "  - eventBridge: {}",
      ),
    ).toEqual([
      { type: "slack", channel: "C0123456789", about: ["approvals", "failures", "deployments"] },
      { type: "slack-webhook", webhook: "releases", about: ["failures"] },
      {
        ...{ type: "sns", topic: "releases", email: ["a@example.com"] },
        about: ["approvals", "failures", "deployments"],
      },
      { type: "event-bridge", bus: "default", about: ["approvals", "failures", "deployments", "runs"] },
    ]);
  });

  test.each([
    [
      ["  - slack: { channel: '#releases' }"],
      '16 messages[0].slack.channel: "#releases" must be a channel\'s id',
    ],
    [["  - slack: {}"], "16 messages[0].slack: must name one: channel or webhook"],
    [
      ["  - slack: { channel: C0123456789, webhook: a }"],
      "16 messages[0].slack: must name one: channel or webhook",
    ],
    [["  - slack: { webhook: 'https://hooks.slack.com/services/T/B/x' }"], "16 messages[0].slack.webhook: "],
    [["  - about: [failures]"], "16 messages[0]: must name one channel: slack, sns or eventBridge"],
    [["  - sns: { topic: a }", "    eventBridge: {}"], "16 messages[0]: must name one channel"],
    [
      ["  - sns: { topic: a }", "    about: [failure]"],
      '17 messages[0].about[0]: must be one of approvals, failures, deployments, runs, not "failure"; did you mean "failures"?',
    ],
    [["  - sns: { topic: a }", "    about: []"], "17 messages[0].about: must not be an empty list"],
    [
      ["  - sns: { topic: a, email: [managers] }"],
      '16 messages[0].sns.email[0]: "managers" must be an e-mail address',
    ],
    [
      ["  - sns: { topic: 'arn:aws:sns:us-east-1:111122223333:a', email: [a@example.com] }"],
      "16 messages[0].sns.email: is for topics that the stack makes",
    ],
    [["  - sns: { topic: releases.fifo }"], "16 messages[0].sns.topic: "],
    [["  - eventbridge: {}"], '16 messages[0].eventbridge: unknown key; did you mean "eventBridge"?'],
    [
      ["  - eventBridge: {}", "  - eventBridge: { bus: default }"],
      '17 messages[1].eventBridge: bus "default" is told already (messages[0])',
    ],
    [
      ["  - sns: { topic: a }", "  - sns: { topic: a }", "    about: [failures]"],
      '17 messages[1].sns: topic "a" is told already',
    ],
    [
      ["  - sns: { topic: releases }", "  - sns: { topic: Releases }"],
      '17 messages[1].sns: topic "Releases" differs from "releases" (messages[0]) by case only',
    ],
    [
      ["  - eventBridge: { bus: theirs }", "  - eventBridge: { bus: Theirs }"],
      '17 messages[1].eventBridge: bus "Theirs" differs from "theirs" (messages[0]) by case only',
    ],
  ])("%j is refused, with file, line and key", (lines, expected) => {
    const faults = faultsOf(withMessages(...lines)).filter((fault) =>
      fault.startsWith(`pipelines/hello.yml:${expected}`),
    );
    expect({ faults, all: faultsOf(withMessages(...lines)) }).toEqual({
      faults: [expect.any(String)],
      all: expect.anything(),
    });
  });
});

describe("topics of several pipelines", () => {
  const faults = (...topics: readonly string[]) =>
    compilePipelines(
      topics.map((topic, index) => ({
        file: `p${index}.yml`,
        text: withMessages(`  - sns: { topic: ${topic} }`).replace(/^name: .*/m, `name: p${index}`),
      })),
    ).faults.map(({ file, message }) => `${file}: ${message}`);

  test("are one where their names are the same", () => {
    expect(faults("releases", "releases")).toEqual([]);
    expect(faults("arn:aws:sns:us-east-1:111122223333:a", "arn:aws:sns:us-east-1:111122223333:A")).toEqual(
      [],
    );
  });

  test("cannot differ by case only: the stack would make one of the two", () => {
    expect(faults("releases", "others", "Releases")).toEqual([
      expect.stringMatching(/^p2\.yml: .*"Releases" differs from "releases" of p0\.yml by case only/),
    ]);
  });
});

test.each(["run", "stage", "approval"] as const)(
  "the page about messages lists the states of a %s",
  (type) => {
    const page = readFileSync(new URL("../../docs/messages.md", import.meta.url), "utf8");
    const row = page.split("\n").find((line) => line.startsWith(`| \`${DETAIL_TYPES[type]}\` |`));
    const listed = [...(row?.split("|")[2] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, state]) => state);
    expect(listed).toEqual(STATES_OF[type]);
  },
);

test("the events' JSON Schema is what the schema makes (else: node --import tsx scripts/write-json-schema.ts)", () => {
  const committed = readFileSync(new URL("../../docs/events.schema.json", import.meta.url), "utf8");
  expect(committed).toBe(eventSchemaText());
  expect(JSON.parse(committed)).not.toHaveProperty("additionalProperties");
});
