import type { PipelineStageView } from "../../../shared/pipeline/api-views.ts";
import type { RunView, StageView } from "../../../shared/pipeline/view.ts";
import { meOf } from "./answers.ts";
import { releaseLine } from "./places.ts";
import { detailsOf, digestOf, gatedStage, HOUR, iso, publishedRun, settledStage } from "./views.ts";
import type { World } from "./world.ts";

/** What a decision does to the stand-in's world. */
export interface Outcome {
  readonly status: number;
  readonly body: unknown;
}

const said = (message: string): Outcome => ({ status: 200, body: { message } });

function refused(status: number, code: string, message: string, changed?: readonly string[]): Outcome {
  return { status, body: { error: { code, message }, ...(changed === undefined ? {} : { changed }) } };
}

interface Decision {
  readonly decision: string;
  readonly release: string;
  readonly comment?: string | undefined;
}

export function decideOn(
  world: World,
  id: string,
  name: string,
  person: string,
  decision: Decision,
): Outcome {
  const run = world.runs.get(id);
  const stage = run?.stages.find((one) => one.name === name);
  if (run === undefined || stage?.gate === undefined)
    return refused(404, "unknown-run", `there is no run "${id}"`);
  if (!meOf(world, person).may.decide.some((one) => one.stage === name))
    return refused(403, "not-a-member", `only members of release-managers decide on stage ${name}`);
  if (stage.services.some(({ pause }) => pause?.open === true))
    return answerPause(world, run, stage, person, decision);
  if (!stage.gate.open)
    return refused(409, "not-waiting", `stage ${name} of ${id} does not wait for an approval`);
  if (stage.gate.release !== decision.release)
    return refused(409, "other-release", "look at it again before you decide", [
      `the release is ${stage.gate.release} now`,
    ]);
  switch (decision.decision) {
    case "approve":
      return approve(world, run, stage, person, decision.comment);
    case "withdraw":
      setStage(world, run, { ...stage, gate: { ...stage.gate, approvals: withoutPerson(stage, person) } });
      return said(`${person} withdrew the approval of ${name} of ${id}`);
    default: {
      const reason = `${person} refused it: ${decision.comment}`;
      const ended = { ...run, status: "failed", reason: `stage ${name} refused: ${reason}` };
      setStage(world, ended, { ...stage, status: "refused", reason, gate: { ...stage.gate, open: false } });
      setPipelineStage(world, run.pipeline, name, { holder: undefined });
      return said(`${person} refused ${name} of ${id}`);
    }
  }
}

/** ECS has paused the stage's deployment at a lifecycle stage, and asks. */
export function pauseAt(world: World, id: string, name: string, lifecycleStage: string): void {
  const run = world.runs.get(id);
  const stage = run?.stages.find((one) => one.name === name);
  if (run === undefined || stage?.gate === undefined) throw new Error(`no ${name} of ${id}`);
  const pause = { lifecycleStage, open: true, approvals: [], expiresAt: iso(world.now + 24 * HOUR) };
  const services = stage.services.map((service) => ({ ...service, status: "in-progress", pause }));
  setStage(world, run, { ...stage, status: "deploying", gate: { ...stage.gate, open: false }, services });
}

function answerPause(
  world: World,
  run: RunView,
  stage: StageView,
  person: string,
  { decision, comment }: Decision,
): Outcome {
  const required = stage.gate?.required ?? 1;
  const services = stage.services.map((service) => {
    if (service.pause === undefined) return service;
    const others = service.pause.approvals.filter((one) => one !== person);
    const approvals = decision === "approve" ? [...others, person] : others;
    return { ...service, pause: { ...service.pause, approvals, open: approvals.length < required } };
  });
  if (decision !== "refuse") {
    setStage(world, run, { ...stage, services });
    return said(`${person} ${decision}d ${stage.name} of ${run.id}`);
  }
  const reason = `${person} refused it: ${comment}`;
  const closed = services.map((one) =>
    one.pause === undefined ? one : { ...one, status: "failed", pause: { ...one.pause, open: false } },
  );
  setStage(
    world,
    { ...run, status: "failed", reason },
    { ...stage, status: "rolled-back", reason, services: closed },
  );
  return said(`${person} refused ${stage.name} of ${run.id}`);
}

const withoutPerson = (stage: StageView, person: string) =>
  (stage.gate?.approvals ?? []).filter((approval) => approval.person !== person);

function approve(world: World, run: RunView, stage: StageView, person: string, comment?: string): Outcome {
  if (stage.gate === undefined) return refused(404, "no-approval", "no gate");
  const at = iso(world.now);
  const mine = { person, at, ...(comment === undefined ? {} : { comment }) };
  const approvals = [...withoutPerson(stage, person), mine];
  const reached = approvals.length >= stage.gate.required;
  const gate = { ...stage.gate, approvals, open: !reached };
  setStage(world, run, { ...stage, gate, status: reached ? "deploying" : "gated" });
  const holder = world.pipelines
    .flatMap(({ stages }) => stages)
    .find((one) => one.holder?.run === run.id)?.holder;
  if (holder !== undefined)
    setPipelineStage(world, run.pipeline, stage.name, {
      holder: reached
        ? { ...holder, phase: "deploying", gate: undefined }
        : {
            ...holder,
            ...(holder.gate === undefined
              ? {}
              : { gate: { ...holder.gate, approvals: approvals.map((one) => one.person) } }),
          },
    });
  if (reached) roll(world, run.id, stage.name, 0);
  return said(`${person} approved ${stage.name} of ${run.id}`);
}

const WANTED = [
  ["x86_64", 2],
  ["arm64", 6],
] as const;

/** Puts a rollout at one of its steps: 0 begins, 8 has every task of the new release. */
export function roll(world: World, id: string, stage: string, step: number): void {
  const groups = WANTED.flatMap(([architecture, wanted]) => {
    const fresh = Math.round((wanted * step) / 8);
    const pending = fresh < wanted ? 1 : 0;
    return [
      { architecture, side: "old" as const, running: wanted - fresh, pending: 0 },
      { architecture, side: "new" as const, running: fresh, pending },
    ];
  });
  world.rollouts.set(`${id}/${stage}`, {
    services: [{ cluster: stage, service: "web", desired: 8, state: "IN_PROGRESS", groups, simulated: true }],
  });
}

/** The rollout is done and found right. */
export function settle(world: World, id: string, name: string): void {
  const run = world.runs.get(id);
  const stage = run?.stages.find((one) => one.name === name);
  if (run === undefined || stage === undefined) throw new Error(`no ${name} of ${id}`);
  const settled = settledStage(name, run.release ?? "", { x86_64: 2, arm64: 6 });
  setStage(
    world,
    { ...run, status: "succeeded", reason: "runs in staging, production" },
    { ...settled, gate: stage.gate },
  );
  setPipelineStage(world, run.pipeline, name, {
    holder: undefined,
    release: releaseLine(run.pipeline, run.sequence, world.now),
  });
}

/** A newer run takes the place of the one that waits. */
export function supersede(world: World, id: string, name: string): string {
  const run = world.runs.get(id);
  if (run === undefined) throw new Error(`no ${id}`);
  const newer = publishedRun(
    {
      pipeline: run.pipeline,
      sequence: run.sequence + 2,
      startedAt: world.now - 1000,
      author: "Erin Novak <erin@example.com>",
    },
    run.stages.map((stage) =>
      stage.name === name
        ? gatedStage(name, digestOf(`${run.pipeline}${run.sequence + 2}`), world.now)
        : stage,
    ),
  );
  const stages = run.stages.map((stage) =>
    stage.name === name && stage.gate !== undefined
      ? { ...stage, status: "not reached", gate: { ...stage.gate, open: false } }
      : stage,
  );
  world.runs.set(id, {
    ...run,
    status: "superseded",
    supersededBy: newer.id,
    stages,
    updatedAt: iso(world.now),
  });
  world.runs.set(newer.id, newer);
  world.events.set(newer.id, []);
  world.details.set(newer.id, detailsOf(newer, "Say what the parcel weighs"));
  return newer.id;
}

/** What was shown has changed: the gate is about another release now. */
export function changeRelease(world: World, id: string, name: string): void {
  const run = world.runs.get(id);
  const stage = run?.stages.find((one) => one.name === name);
  if (run === undefined || stage?.gate === undefined) throw new Error(`no ${name} of ${id}`);
  const gate = {
    ...stage.gate,
    release: digestOf("another"),
    approvals: [],
    voided: ["service web has been changed"],
  };
  setStage(world, run, { ...stage, gate });
}

export function stopRun(world: World, id: string, person: string, reason: string): Outcome {
  const run = world.runs.get(id);
  if (run === undefined) return refused(404, "unknown-run", `there is no run "${id}"`);
  world.runs.set(id, {
    ...run,
    status: "stopped",
    reason: `${person} stopped it: ${reason}`,
    updatedAt: iso(world.now),
  });
  return said(`${person} stopped ${id}`);
}

export function releaseHold(world: World, pipeline: string, stage: string, person: string): Outcome {
  setPipelineStage(world, pipeline, stage, { hold: undefined });
  return said(`${person} released the hold on ${stage} of ${pipeline}`);
}

export function liftQuarantine(world: World, pipeline: string, stage: string, person: string): Outcome {
  setPipelineStage(world, pipeline, stage, { quarantined: undefined });
  return said(`${person} started ${pipeline}-11: unquarantine`);
}

/** Nothing to be seen of it but what it says. */
export function moveWeights(person: string, wish: unknown): Outcome {
  return said(`${person} moves ${JSON.stringify(wish)}`);
}

export function rollBack(world: World, pipeline: string, stage: string, person: string, to: string): Outcome {
  const sequence = Number(to.split("-").at(-1));
  setPipelineStage(world, pipeline, stage, {
    release: releaseLine(pipeline, sequence, world.now),
    hold: { run: to, reason: `${person} rolled it back to ${to}` },
    holder: undefined,
  });
  return said(`${person} rolls ${stage} of ${pipeline} back to ${to}`);
}

function setStage(world: World, run: RunView, stage: StageView): void {
  const stages = run.stages.map((one) => (one.name === stage.name ? stage : one));
  // Each change is a later one, as the record's own times are.
  const updatedAt = iso(new Date(run.updatedAt).getTime() + 1);
  world.runs.set(run.id, { ...run, stages, updatedAt });
}

function setPipelineStage(
  world: World,
  pipeline: string,
  name: string,
  change: Partial<PipelineStageView>,
): void {
  world.pipelines = world.pipelines.map((one) =>
    one.name === pipeline
      ? { ...one, stages: one.stages.map((stage) => (stage.name === name ? { ...stage, ...change } : stage)) }
      : one,
  );
}

/** The window is closed until tomorrow. */
export function closeWindow(world: World, id: string, name: string): void {
  const run = world.runs.get(id);
  const stage = run?.stages.find((one) => one.name === name);
  if (run === undefined || stage?.gate === undefined) throw new Error(`no ${name} of ${id}`);
  const until = iso(world.now + 14 * HOUR);
  const condition = { name: "window", state: "waiting" as const, why: "the window is closed", until };
  setStage(world, run, { ...stage, gate: { ...stage.gate, conditions: [condition] } });
}

export function overrideGate(
  world: World,
  id: string,
  name: string,
  person: string,
  reason: string,
): Outcome {
  const run = world.runs.get(id);
  const stage = run?.stages.find((one) => one.name === name);
  if (run === undefined || stage?.gate === undefined)
    return refused(404, "unknown-run", `there is no run "${id}"`);
  const conditions = stage.gate.conditions.map((one) => ({ ...one, state: "overridden" as const }));
  setStage(world, run, {
    ...stage,
    gate: { ...stage.gate, conditions, override: { person, at: iso(world.now), reason } },
  });
  return said(`${person} overrode the gate of ${name} of ${id}`);
}
