import { type Accepted, acceptAndOpen, acceptDelivery } from "../../shared/accept.ts";
import { advanceAll, type Deps, loadRun } from "../../shared/advance.ts";
import type { Outcome } from "../../shared/effects/context.ts";
import { perform } from "../../shared/effects/perform.ts";
import { readPipeline, readRef } from "../../shared/effects/pipeline-stream.ts";
import { readStageLock } from "../../shared/effects/stage-lock.ts";
import { openRun } from "../../shared/open-run.ts";
import type { Command } from "../../shared/pipeline/commands.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { Revision, RunEvent, Trigger } from "../../shared/pipeline/events.ts";
import { explain } from "../../shared/pipeline/explain.ts";
import type { Delivery, RunStarted } from "../../shared/pipeline/pipelines.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { type Swept, sweep } from "../../shared/sweep.ts";
import { prepared, T0 } from "../pipeline/given.ts";
import { fakeEcs } from "./ecs.ts";
import { contextOf, fakeAws } from "./fakes.ts";
import { registry, succeeded } from "./registry.ts";
import { Repository } from "./repository.ts";

const MINUTE = 60_000;

/**
 * A pipeline with everything around it: the real store, acceptance, stages and publishing; builds and deployments end as
 * soon as they begin, unless a test holds them up.
 */
export class World {
  readonly store = memoryStore();
  readonly repository = new Repository();
  now = T0;
  /** What ran where, in order: `staging 2 b`. */
  readonly deployed: string[] = [];
  /** Runs whose builds end only when `finishBuilds` or `failBuilds` says so. */
  readonly slow = new Set<string>();
  /** Stages whose deployments end only when `finishDeployment` says so. */
  readonly rolling = new Set<string>();
  /** Commands at which the power goes. */
  readonly crashOn = new Set<Command["type"]>();
  readonly definitions: readonly PipelineDefinition[];
  readonly deps: Deps;
  /** Accepted by a webhook and not opened yet: those that `open` has still to open. */
  private readonly unopened: RunStarted[] = [];

  constructor(...definitions: readonly PipelineDefinition[]) {
    this.definitions = definitions;
    // What has been built and published; of all else that the task definitions name, both platforms are there.
    const ecr = registry();
    const images: typeof ecr.batchGetImage = async (input) => {
      const found = await ecr.batchGetImage(input);
      return (found.images ?? []).length > 0 ? found : fakeEcs("").images.batchGetImage(input);
    };
    const { aws } = fakeAws({
      ecr: { ...fakeEcs("").images, ...ecr, batchGetImage: images },
      ecs: {
        ...fakeEcs("").aws,
        describeServices: (input) => fakeEcs(input.cluster ?? "").aws.describeServices(input),
      },
    });
    const context = { ...contextOf(aws, this.store), now: () => this.now };
    this.deps = {
      store: this.store,
      now: () => this.now,
      perform: (run, command) =>
        this.crashOn.has(command.type)
          ? Promise.reject(new Error("the power went"))
          : (this.perform(run, command) ?? perform(context, run, command)),
    };
  }

  private get definition(): PipelineDefinition {
    const [definition] = this.definitions;
    if (definition === undefined) throw new Error("the world has no pipeline");
    return definition;
  }

  /** Tells of a commit; what is at GitHub is answered first and opened by `open`. */
  async deliver(
    id: string,
    revision: Revision,
    change: { readonly pipeline?: PipelineDefinition; readonly trigger?: Trigger } = {},
  ): Promise<Accepted> {
    const { pipeline = this.definition, trigger = { type: "push" } } = change;
    const info = await this.repository.source.commit(revision.repository, revision.commit);
    const delivery: Delivery = { id, revision, people: info?.people ?? {}, trigger };
    if (pipeline.source.type === "codecommit") {
      return acceptAndOpen(this.deps, pipeline, delivery, this.repository.source, info);
    }
    const accepted = await acceptDelivery(this.deps, pipeline, delivery, this.repository.source, info);
    if ("started" in accepted && accepted.started !== undefined) this.unopened.push(accepted.started);
    return accepted;
  }

  /** Opens what webhooks have accepted. */
  async open(): Promise<void> {
    for (let started = this.unopened.shift(); started !== undefined; started = this.unopened.shift()) {
      await openRun(this.deps, started, this.repository.source);
    }
  }

  sweep(): Promise<Swept> {
    this.now += MINUTE;
    const { source } = this.repository;
    return sweep(this.deps, this.definitions, { codecommit: source, github: source });
  }

  async run(runId: string): Promise<Run> {
    const { run } = await loadRun(this.store, runId);
    if (run === undefined) throw new Error(`there is no run ${runId}`);
    return run;
  }

  async status(runId: string): Promise<string> {
    return (await this.run(runId)).status.status;
  }

  /** What became of every run, in order: `1 b succeeded`. */
  async runs(): Promise<readonly string[]> {
    const { items } = await this.store.heads.list({ limit: 100 });
    return [...items]
      .sort((a, b) => a.sequence - b.sequence)
      .map(({ sequence, commit, status }) => `${sequence} ${commit[0]} ${status}`);
  }

  async explain(runId: string): Promise<readonly string[]> {
    return explain(await this.run(runId));
  }

  async pipeline(name = this.definition.name) {
    return (await readPipeline(this.store, name)).state;
  }

  /** The commits that the pipeline knows of a ref, the newest first: `b`, or `b?` as long as its run is not open. */
  async commits(ref = "refs/heads/main"): Promise<readonly string[]> {
    const { state } = await readRef(this.store, this.definition.name, ref);
    return state.entries.map(({ commit, opening }) => `${commit[0]}${opening === true ? "?" : ""}`);
  }

  async lock(stage: string) {
    return (await readStageLock(this.store, this.definition.name, stage)).lock;
  }

  async finishBuilds(runId: string): Promise<void> {
    this.slow.delete(runId);
    const { builds } = await this.run(runId);
    for (const { image, platform, attempt } of builds) {
      const { built } = succeeded(platform);
      const buildId = buildIdOf(runId, image, platform);
      await this.tell(runId, {
        type: "build.succeeded",
        at: this.now,
        image,
        platform,
        attempt,
        buildId,
        built,
      });
    }
  }

  async failBuilds(runId: string): Promise<void> {
    this.slow.delete(runId);
    const { builds } = await this.run(runId);
    for (const { image, platform, attempt } of builds) {
      const failure = { reason: "failed in BUILD: exit status 1" };
      const key = { at: this.now, image, platform, attempt, buildId: buildIdOf(runId, image, platform) };
      await this.tell(runId, { type: "build.failed", ...key, failure, transient: false });
    }
  }

  async finishDeployment(runId: string, stage: string): Promise<void> {
    await this.tell(runId, completed(runId, { stage, cluster: stage, service: "web" }, this.now));
  }

  async approve(runId: string, stage: string, person = "bob"): Promise<void> {
    const release = (await this.run(runId)).stages.find(({ definition }) => definition.name === stage)?.gate
      ?.release;
    const at = this.now;
    await this.tell(runId, {
      type: "approval.given",
      at,
      stage,
      release: release ?? "",
      person,
      identity: person,
    });
  }

  /** Something happened to a run. */
  async tell(runId: string, event: RunEvent): Promise<void> {
    await advanceAll(this.deps, runId, event);
  }

  /** The acts outside Tandem; undefined for what the real effect is to do. */
  private perform(run: Run, command: Command): Promise<Outcome> | undefined {
    const at = this.now;
    const facts = async (...events: readonly RunEvent[]): Promise<Outcome> => ({ events, wake: [] });
    switch (command.type) {
      case "start-build": {
        const { platform, attempt } = command;
        const image = command.image.name;
        const buildId = buildIdOf(run.id, image, platform);
        const key = { at, image, platform, attempt, buildId };
        const begun: RunEvent = { type: "build.started", ...key };
        const { built } = succeeded(platform);
        const ended: RunEvent =
          run.trigger.type === "pull-request" && run.trigger.fork
            ? { type: "build.succeeded", ...key, built: "unpushed" }
            : { type: "build.succeeded", ...key, built };
        return this.slow.has(run.id) ? facts(begun) : facts(begun, ended);
      }
      case "stop-build": {
        const { image, platform, attempt } = command;
        return facts({ type: "build.stopped", at, image, platform, attempt });
      }
      case "deploy": {
        const begun: RunEvent = {
          type: "deployment.started",
          at,
          ...keyOf(command),
          serviceArn: prepared(command.cluster).serviceArn,
          taskDefinition: "web:2",
          deploymentId: `${run.id} ${command.stage}`,
        };
        return this.rolling.has(command.stage) ? facts(begun) : facts(begun, completed(run.id, command, at));
      }
      case "verify-deployment":
        this.deployed.push(`${command.stage} ${run.sequence} ${run.revision.commit[0]}`);
        return facts({
          type: "deployment.succeeded",
          at,
          ...keyOf(command),
          tasks: { arm64: 1 },
          digests: [],
        });
      case "ask-builds":
      case "read-build-log":
        return facts();
      case "report":
      case "send-messages":
      case "publish-index":
      case "enter-stage":
      case "check-stage":
      case "begin-stage":
      case "leave-stage":
      case "close-run":
      case "record":
      case "run-checks":
      case "return-deployment":
      case "verify-return":
      case "run-task":
      case "ask-task":
      case "answer-pause":
        return undefined;
    }
  }
}

/** ECS has ended the run's deployment in a stage. */
function completed(
  runId: string,
  { stage, cluster, service }: { readonly stage: string; readonly cluster: string; readonly service: string },
  at: number,
): RunEvent {
  const deploymentId = `${runId} ${stage}`;
  return {
    type: "deployment.reported",
    at,
    stage,
    cluster,
    service,
    deploymentId,
    state: "COMPLETED",
    reason: "",
  };
}

const buildIdOf = (runId: string, image: string, platform: string) => `${runId} ${image} ${platform}`;

function keyOf({
  stage,
  cluster,
  service,
}: Extract<Command, { readonly type: "deploy" | "verify-deployment" }>) {
  return { stage, cluster, service };
}
