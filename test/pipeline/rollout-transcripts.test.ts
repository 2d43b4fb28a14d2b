import { test } from "@jest/globals";
import { rollbackOf, shiftOf, unquarantineOf } from "../../shared/pipeline/derive.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { rolledBack } from "../../shared/pipeline/messages.ts";
import { liveRelease } from "../../shared/pipeline/stage-lock.ts";
import { APPROVAL, approvalBy, DAY, definition, INDEX, MINUTE, prepared } from "./given.ts";
import { answer, ends, goodDay, keyOf, moves, only, PRODUCTION, push, service } from "./rollout-days.ts";
import { Story } from "./story.ts";
import { expectTranscript } from "./transcript.ts";

/** What becomes of a release in a stage of several services, steps, pauses and tasks; and how it goes back. */

test("two services, of which the second fails", () => {
  const story = new Story("Two services in order: the second fails, and the first goes back, too", goodDay);
  push(story, 1, "1", only([service("api"), service("web")]));
  ends(story, "hello-1", "api");
  answer(story, "verify-deployment", (command, at) => [
    {
      type: "deployment.failed",
      at,
      ...keyOf(command),
      deploymentId: command.deploymentId,
      failure: rolledBack("web", "tasks failed to start"),
      rolledBack: true,
    },
  ]);
  ends(story, "hello-1", "web", "FAILED");
  expectTranscript("two-services-go-back", story);
});

test("a quarantine, and its end", () => {
  const story = new Story(
    "One architecture fails: the release goes on without it, until somebody lifts that",
    goodDay,
  );
  const capacity = { x86: { base: 0, weight: 1 }, graviton: { base: 0, weight: 3 } };
  story.look = (_run, deploy) =>
    deploy.map(({ service: name, capacity: wanted }) => ({
      ...prepared(PRODUCTION),
      service: name,
      baseTaskDefinition: "web:1",
      baseCapacity: capacity,
      ...(wanted === undefined ? {} : { capacity: wanted }),
    }));
  push(story, 1, "1", only([service("web", { onArchitectureFailure: "quarantine" })]));
  story.answers = (run, command, at) => {
    if (command.type === "verify-deployment") {
      return [
        {
          type: "deployment.quarantined",
          at,
          ...keyOf(command),
          deploymentId: command.deploymentId,
          quarantine: {
            architecture: "arm64",
            providers: ["graviton"],
            failure: {
              reason: "ECS rolled service web back · x86_64 1/1, arm64 0/3: exit 255 (exec format error)",
            },
          },
          verdict: [],
        },
      ];
    }
    return goodDay(run, command, at).map((event) =>
      event.type === "deployment.started" ? { ...event, deploymentId: "ecs-svc/web-1-x86" } : event,
    );
  };
  ends(story, "hello-1", "web", "FAILED");
  answer(story, "verify-deployment", (command, at) => [
    {
      type: "deployment.succeeded",
      at,
      ...keyOf(command),
      deploymentId: command.deploymentId,
      tasks: { x86_64: 4 },
      digests: [INDEX],
    },
  ]);
  story.now += MINUTE;
  story.says("ECS ends the deployment of web without arm64");
  const key = { at: 0, stage: PRODUCTION, cluster: PRODUCTION, service: "web" };
  const deploymentId = "ecs-svc/web-1-x86";
  story.happens("hello-1", {
    type: "deployment.reported",
    ...key,
    deploymentId,
    state: "COMPLETED",
    reason: "",
  });
  story.answers = goodDay;
  const quarantined = liveRelease(story.lock(PRODUCTION))?.quarantined ?? {};
  const lifted = unquarantineOf(
    story.run("hello-1"),
    PRODUCTION,
    quarantined,
    "bob",
    "the base image is mended",
  );
  moves(story, 2, "bob lifts the quarantine: tandem unquarantine", lifted);
  ends(story, "hello-2", "web");
  expectTranscript("quarantine", story);
});

test("a canary that is paused", () => {
  const story = new Story("A canary waits for an approval at a tenth of the traffic", goodDay);
  const canary = service("web", { strategy: { type: "canary", percent: 10 } });
  push(story, 1, "1", only([canary], { approval: APPROVAL, pauseAt: ["POST_TEST_TRAFFIC_SHIFT"] }));
  story.now += MINUTE;
  story.says("bob approves production");
  story.happens("hello-1", approvalBy("bob"));
  story.now += 5 * MINUTE;
  const paused: RunEvent = {
    type: "deployment.paused",
    at: 0,
    stage: PRODUCTION,
    cluster: PRODUCTION,
    service: "web",
    serviceDeploymentArn: "arn:service-deployment",
    hookId: "hook-1",
    lifecycleStage: "POST_TEST_TRAFFIC_SHIFT",
    expiresAt: story.now + DAY,
  };
  story.says("ECS pauses");
  story.happens("hello-1", paused);
  story.says("the event comes once more");
  story.happens("hello-1", paused);
  story.after(30 * MINUTE, "half an hour goes by");
  story.says("carol has looked at the graphs, and approves");
  story.happens("hello-1", approvalBy("carol", { hookId: "hook-1", comment: "no errors" }));
  ends(story, "hello-1", "web");
  expectTranscript("canary-paused", story);
});

test("a migration that fails", () => {
  const story = new Story("The migration before the deployment fails: nothing has moved", goodDay);
  const migrate = {
    run: "migrate",
    container: "web",
    command: ["npm", "run", "migrate"],
    timeoutMinutes: 30,
  };
  push(story, 1, "1", only([service("web", { before: [migrate] })]));
  answer(story, "ask-task", (command, at) => [
    {
      type: "task.ended",
      at,
      ...keyOf(command),
      when: command.when,
      index: command.index,
      failure: {
        reason: "task migrate ended with exit code 1",
        remedy: "read its log, mend, and push again",
      },
      lines: ["relation users exists already"],
    },
  ]);
  story.now += MINUTE / 2;
  story.says("ECS says that the task has stopped");
  story.happens("hello-1", {
    type: "task.reported",
    at: 0,
    stage: PRODUCTION,
    cluster: PRODUCTION,
    service: "web",
    when: "before",
    index: 0,
    taskArn: "task/migrate",
  });
  expectTranscript("migration-fails", story);
});

/** A release that runs, before anybody moves it. */
function running(title: string, pipeline = only([service("web")])): Story {
  const story = new Story(title, goodDay);
  push(story, 1, "1", pipeline);
  for (const { service: name } of pipeline.stages[0]?.deploy ?? []) ends(story, "hello-1", name);
  return story;
}

test("a shift of weights that goes back", () => {
  const story = running(
    "Weights shift to Graviton step by step; the second step fails, and goes back by itself",
  );
  const from = { x86: { base: 0, weight: 1 }, graviton: { base: 0, weight: 1 } };
  story.look = (_run, deploy) =>
    deploy.map(({ service: name }) => ({
      ...prepared(PRODUCTION),
      service: name,
      baseTaskDefinition: "web:2",
      baseCapacity: from,
    }));
  const shift = {
    cluster: PRODUCTION,
    service: "web",
    from,
    to: { graviton: 100 },
    steps: 2,
    bakeMinutes: 10,
  };
  const shifted = shiftOf(story.run("hello-1"), PRODUCTION, shift, "bob");
  moves(story, 2, "bob shifts web: tandem shift web --to graviton=100% --steps 2", shifted);
  ends(story, "hello-2", "web", "COMPLETED", 1);
  story.after(10 * MINUTE, "it has held for ten minutes");
  answer(story, "verify-deployment", (command, at) => [
    {
      type: "deployment.failed",
      at,
      ...keyOf(command),
      deploymentId: command.deploymentId,
      failure: { reason: "while the release settled on service web: alarm web-5xx is in ALARM" },
      rolledBack: false,
      undo: true,
    },
  ]);
  ends(story, "hello-2", "web", "COMPLETED", 2);
  expectTranscript("shift-goes-back", story);
});

test("back to the release before", () => {
  const two = only([service("api"), service("web")]);
  const story = running("Somebody goes back to the release before: in reverse order, held afterwards", two);
  story.look = (run, deploy) =>
    deploy.map(({ service: name }) => ({
      ...prepared(PRODUCTION),
      service: name,
      baseTaskDefinition: `${name}:${Math.min(run.sequence, 3)}`,
    }));
  push(story, 2, "2", two);
  ends(story, "hello-2", "api");
  ends(story, "hello-2", "web");
  moves(
    story,
    3,
    "bob goes back: tandem rollback hello production --reason 'carts are empty'",
    rollbackOf(story.run("hello-1"), PRODUCTION, "bob", "carts are empty"),
  );
  ends(story, "hello-3", "web");
  ends(story, "hello-3", "api");
  push(story, 4, "4", two);
  story.now += MINUTE;
  story.says("bob has seen that it is mended, and releases the hold");
  story.release(PRODUCTION, "bob", "mended by 4444444");
  expectTranscript("rollback", story);
});

test("a run that is stopped", () => {
  const story = new Story("Somebody stops a run: what is under way ends first, nothing new begins", goodDay);
  const pipeline = definition({
    stages: [
      { name: "staging", deploy: [{ ...service("web"), cluster: "staging" }] },
      { name: PRODUCTION, approval: APPROVAL, deploy: [service("web")] },
    ],
  });
  push(story, 1, "1", pipeline);
  story.says("bob stops it");
  const stop: RunEvent = {
    type: "run.stop-requested",
    at: 0,
    person: "bob",
    identity: "bob",
    reason: "the wrong branch",
  };
  story.happens("hello-1", stop);
  story.now += MINUTE;
  story.says("ECS ends the deployment in staging");
  story.happens("hello-1", {
    type: "deployment.reported",
    at: 0,
    stage: "staging",
    cluster: "staging",
    service: "web",
    deploymentId: "ecs-svc/web-1",
    state: "COMPLETED",
    reason: "",
  });
  push(story, 2, "2", pipeline);
  story.now += MINUTE;
  expectTranscript("stopped", story);
});
