import { test } from "@jest/globals";
import type { Command } from "../../shared/pipeline/commands.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { rolledBack } from "../../shared/pipeline/messages.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import {
  approvalBy,
  buildFailed,
  buildIdOf,
  buildSucceeded,
  DAY,
  definition,
  deploymentReported,
  deploymentStarted,
  deploymentSucceeded,
  MINUTE,
  prepared,
  published,
  refusalBy,
  service,
  started,
} from "./given.ts";
import { Story } from "./story.ts";
import { expectTranscript } from "./transcript.ts";

/** AWS as it is on a good day: builds and deployments begin at once, and what completed is verified. */
function goodDay(run: Run, command: Command, at: number): readonly RunEvent[] {
  switch (command.type) {
    case "start-build": {
      const { platform, attempt, image } = command;
      return [
        {
          type: "build.started",
          at,
          image: image.name,
          platform,
          attempt,
          buildId: buildIdOf(platform, attempt),
        },
      ];
    }
    case "stop-build":
      return [
        {
          type: "build.stopped",
          at,
          image: command.image,
          platform: command.platform,
          attempt: command.attempt,
        },
      ];
    case "read-build-log":
      return [
        {
          type: "build.log-read",
          at,
          image: command.image,
          platform: command.platform,
          attempt: command.attempt,
          lines: ["go: no such file"],
        },
      ];
    case "publish-index":
      return [published({ at, tags: ["main", run.revision.commit.slice(0, 7)] })];
    case "deploy":
      return [{ ...deploymentStarted(command.stage), at }];
    case "verify-deployment":
      return [{ ...deploymentSucceeded(command.stage), at }];
    default:
      return [];
  }
}

function push(story: Story, sequence: number, letter: string, change = definition()): void {
  story.says(`ada pushes commit ${letter.repeat(7)} to main`);
  const commit = letter.repeat(40);
  const revision = { repository: "hello", ref: "refs/heads/main", commit };
  story.happens(`hello-${sequence}`, started({ sequence, revision, definition: change }));
}

function buildsSucceed(story: Story, run: string): void {
  story.now += 2 * MINUTE;
  story.says("both builds end well");
  story.happens(run, buildSucceeded("linux/arm64"));
  story.happens(run, buildSucceeded("linux/amd64"));
}

function rolloutEnds(
  story: Story,
  run: string,
  stage: string,
  state: "COMPLETED" | "FAILED" = "COMPLETED",
  reason = "",
): void {
  story.now += MINUTE;
  story.says(`ECS ends the deployment in ${stage}`);
  story.happens(run, deploymentReported(stage, { at: 0, state, reason }));
}

/** A push that has come to the gate of production. */
function atTheGate(title: string): Story {
  const story = new Story(title, goodDay);
  push(story, 1, "1");
  buildsSucceed(story, "hello-1");
  rolloutEnds(story, "hello-1", "staging");
  return story;
}

test("a good day, with an approval", () => {
  const story = atTheGate("A push becomes a release, with an approval on the way");
  story.now += MINUTE;
  story.says("bob approves production");
  story.happens("hello-1", approvalBy("bob", { comment: "checked on staging" }));
  rolloutEnds(story, "hello-1", "production");
  expectTranscript("good-day", story);
});

test("one platform fails", () => {
  const story = new Story("One platform fails: the other is stopped, nothing is published", goodDay);
  push(story, 1, "1");
  story.now += MINUTE;
  story.says("the build for arm64 fails");
  const log = { group: "/aws/codebuild/tandem", stream: "arm64-1" };
  story.happens(
    "hello-1",
    buildFailed("linux/arm64", { log, failure: { reason: "failed in BUILD: exit status 1" } }),
  );
  story.says("the stopped build's own event comes late");
  story.happens("hello-1", buildFailed("linux/amd64", { failure: { reason: "somebody stopped the build" } }));
  expectTranscript("one-platform-fails", story);
});

test("a transient fault", () => {
  const story = new Story("A transient fault is tried again, twice and no more", goodDay);
  push(story, 1, "1");
  for (const attempt of [1, 2, 3]) {
    story.now += MINUTE;
    story.says(`CodeBuild fails, attempt ${attempt}`);
    const failure = { reason: "CodeBuild itself failed (FAULT)" };
    story.happens("hello-1", buildFailed("linux/arm64", { attempt, transient: true, failure }));
  }
  expectTranscript("transient-fault", story);
});

test("superseded while it waits for an approval", () => {
  const story = atTheGate("A newer run takes the place of one that waits for an approval");
  push(story, 2, "2");
  buildsSucceed(story, "hello-2");
  rolloutEnds(story, "hello-2", "staging");
  story.says("bob approves the older run, too late");
  story.happens("hello-1", approvalBy("bob"));
  expectTranscript("superseded-at-the-gate", story);
});

test("queued", () => {
  const queued = definition({ mode: "queued" });
  const story = new Story("In queued mode, a newer run waits its turn", goodDay);
  push(story, 1, "1", queued);
  buildsSucceed(story, "hello-1");
  push(story, 2, "2", queued);
  buildsSucceed(story, "hello-2");
  rolloutEnds(story, "hello-1", "staging");
  expectTranscript("queued", story);
});

test("rolled back by ECS", () => {
  const story = new Story(
    "ECS rolls a deployment back: a failure, and the stage is held until somebody releases it",
    goodDay,
  );
  push(story, 1, "1");
  buildsSucceed(story, "hello-1");
  story.answers = (run, command, at) =>
    command.type === "verify-deployment"
      ? [
          {
            type: "deployment.failed",
            at,
            ...service(command.stage),
            failure: rolledBack("web", "tasks failed to start"),
            rolledBack: true,
          },
        ]
      : goodDay(run, command, at);
  rolloutEnds(
    story,
    "hello-1",
    "staging",
    "FAILED",
    "ECS deployment circuit breaker: tasks failed to start.",
  );
  push(story, 2, "2");
  buildsSucceed(story, "hello-2");
  story.answers = goodDay;
  story.says("bob has mended it, and releases the hold");
  story.release("staging", "bob", "the health check was wrong");
  expectTranscript("rolled-back", story);
});

test("refused", () => {
  const story = atTheGate("A release manager refuses");
  story.says("bob refuses production");
  story.happens("hello-1", refusalBy("bob", "not on a Saturday"));
  expectTranscript("refused", story);
});

test("expired", () => {
  const story = atTheGate("Nobody approves in time");
  story.after(DAY, "a day goes by");
  story.after(6 * DAY, "the week is over");
  expectTranscript("expired", story);
});

test("the service was changed while the approval was asked for", () => {
  const story = atTheGate(
    "The service is changed behind the gate: what was approved is no longer what would be done",
  );
  const why = "service web has been changed to web:7 since the stage was looked at";
  story.answers = (_run, command, at) =>
    command.type === "deploy"
      ? [{ type: "gate.voided", at, stage: command.stage, why, deployments: [prepared(command.stage, 7)] }]
      : [];
  story.says("bob approves production, but terraform has changed the service since");
  story.happens("hello-1", approvalBy("bob"));
  story.answers = goodDay;
  story.now += MINUTE;
  story.says("bob looks again, and approves again");
  story.happens("hello-1", approvalBy("bob"));
  rolloutEnds(story, "hello-1", "production");
  expectTranscript("service-changed", story);
});

test("events are lost", () => {
  const story = new Story("Events are lost and invocations crash: the sweep finds out and goes on", () => []);
  push(story, 1, "1");
  story.answers = goodDay;
  story.after(MINUTE, "both invocations have crashed after their claims; a sweep takes over");
  story.answers = (run, command, at) =>
    command.type === "ask-builds"
      ? command.builds.map(({ platform }) => ({ ...buildSucceeded(platform), at }))
      : goodDay(run, command, at);
  story.after(MINUTE, "no event has come; a sweep asks CodeBuild");
  story.after(MINUTE, "no event has come; a sweep asks ECS");
  expectTranscript("events-lost", story);
});
