import type { EcsDeployment, StageDefinition } from "../../../shared/pipeline/definition.ts";
import { isDerived } from "../../../shared/pipeline/events.ts";
import {
  type Deployment,
  deploymentsOf,
  isStageEnd,
  isTerminal,
  type Run,
  type Stage,
} from "../../../shared/pipeline/run.ts";
import type { FakeEcs } from "../aws/ecs.ts";
import type { Service, ServiceDeployment } from "../aws/ecs-service.ts";
import type { Registered } from "../aws/task-definitions.ts";
import type { Caller } from "../invocation.ts";
import { approvalFault } from "./approvals.ts";
import type { Findings } from "./findings.ts";
import { ReturnChecks } from "./returns.ts";
import type { Change, RunBook } from "./run-book.ts";

/** Invariants 2 (its second half), 3, 4 and 5, as ECS saw what was done to its services. */
export class StageChecks {
  readonly #findings: Findings;
  readonly #book: RunBook;
  readonly #ecs: () => FakeEcs;
  readonly #returns: ReturnChecks;
  readonly #updates = new Set<string>();
  readonly #intents = new Set<string>();
  readonly #sequences = new Map<string, number>();
  readonly #held = new Map<string, string>();
  /** Services that somebody else has deployed to. */
  readonly #foreign = new Set<string>();
  /** Service to when it last changed without Tandem: by somebody else, or by ECS rolling back. */
  readonly #moved = new Map<string, number>();

  constructor(findings: Findings, book: RunBook, ecs: () => FakeEcs) {
    this.#findings = findings;
    this.#book = book;
    this.#ecs = ecs;
    this.#returns = new ReturnChecks(findings, ecs, ({ arn }) => this.#foreign.has(arn));
  }

  changedByOthers(service: Service, at: number): void {
    this.#foreign.add(service.arn);
    this.#moved.set(service.arn, at);
  }

  rolledBack(service: Service, at: number): void {
    this.#moved.set(service.arn, at);
  }

  /** A stage is held, since a deployment was rolled back, or could not be taken back. */
  held(stage: string, runId: string): void {
    this.#held.set(stage, runId);
  }

  /** @param stage `PIPELINE/STAGE` */
  released(stage: string): void {
    this.#held.delete(stage);
  }

  heldStages(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** UpdateService has begun a deployment. */
  updated(
    caller: Caller | undefined,
    service: Service,
    before: ServiceDeployment,
    after: ServiceDeployment,
  ): void {
    const { run: handed, command } = caller ?? {};
    const entry = this.#book.find(handed?.id ?? "");
    if (entry !== undefined && command?.type === "return-deployment") {
      this.#returns.updated(caller?.invocation, entry.run, command.stage, service, after);
      return;
    }
    if (entry === undefined || command?.type !== "deploy") {
      this.#findings.violate(
        4,
        `${service.name} was changed by ${caller?.invocation} for no deployment of a run`,
      );
      return;
    }
    const { run } = entry;
    const what = `${service.name} in stage ${command.stage} of ${run.id}`;
    // The SDK has sent it again, not knowing that it had arrived: the same intent.
    const intent = `${caller?.invocation} ${run.id} ${command.stage} ${service.arn} ${after.revision.arn} ${command.step}`;
    if (this.#intents.has(intent)) return;
    this.#intents.add(intent);
    const stage = run.stages.find(({ definition }) => definition.name === command.stage);
    const target = stage?.definition.deploy.find(
      (one) => one.cluster === service.cluster && one.service === service.name,
    );
    if (stage === undefined || target === undefined) {
      this.#findings.violate(4, `${what}: the stage does not deploy it`);
      return;
    }
    const own = find(stage, target);
    const isFollowUp = command.step > 0 || own?.quarantine !== undefined;
    const step = `step ${command.step}${own?.quarantine === undefined ? "" : " without an architecture"}`;
    this.#demandOnce(`${run.id} ${command.stage} ${service.arn} ${step}`, `${what}, ${step},`);
    this.#demandOrder(run, command.stage, service);
    this.#demandRelease(run, target, after, what);
    this.#demandPredecessors(run, command.stage, service, what);
    const fault = approvalFault(entry, command.stage);
    this.#findings.demand(fault === undefined, 4, () => `${what} was deployed although ${fault}`);
    if (!isFollowUp) this.#demandSeen(stage, service, before.revision, what);
    this.#demandAlone(run, command.stage, what);
  }

  #demandOnce(key: string, what: string): void {
    this.#findings.demand(!this.#updates.has(key), 2, () => `${what} was updated twice`);
    this.#updates.add(key);
  }

  #demandOrder(run: Run, stage: string, service: Service): void {
    const key = `${run.definition.name}/${stage} ${service.arn}`;
    const before = this.#sequences.get(key) ?? 0;
    this.#findings.demand(
      run.sequence >= before,
      3,
      () => `${run.id} was deployed to ${key} after number ${before}`,
    );
    this.#sequences.set(key, run.sequence);
    if (run.definition.mode !== "queued" || isDerived(run.trigger)) return;
    // One after another: whoever came before has passed this stage, or has ended.
    for (const other of this.#book.others(run)) {
      const state = other.stages.find(({ definition }) => definition.name === stage)?.state;
      // One whose deployment has failed leaves the stage before it ends; what is moved is in nobody's queue.
      const isDone =
        isDerived(other.trigger) ||
        state?.status === "succeeded" ||
        (state !== undefined && deploymentsOf(state).some((one) => one.state.status === "failed"));
      const waits = other.sequence < run.sequence && !isTerminal(other) && !isDone;
      this.#findings.demand(!waits, 3, () => `${run.id} was deployed to ${key} before ${other.id}`);
    }
  }

  #demandRelease(run: Run, target: EcsDeployment, after: ServiceDeployment, what: string): void {
    for (const [container, digest] of releaseOf(run, target)) {
      const image = after.revision.images[container];
      this.#findings.demand(
        digest !== undefined && image?.endsWith(`@${digest}`) === true,
        4,
        () => `${what} runs ${image} as ${container}, not ${digest}`,
      );
    }
  }

  /** The stages before it, and the services before it in its own stage. */
  #demandPredecessors(run: Run, stage: string, service: Service, what: string): void {
    for (const { definition } of run.stages) {
      const own = definition.name === stage;
      for (const target of definition.deploy) {
        if (own && target.service === service.name && target.cluster === service.cluster) continue;
        if (own && !comesBefore(definition, target, service)) continue;
        const done = this.#hasRun(run, definition.name, target);
        this.#findings.demand(
          done,
          4,
          () => `${what} came before ${target.service} of ${definition.name} ran it`,
        );
      }
      if (own) return;
    }
  }

  #hasRun(run: Run, stageName: string, target: EcsDeployment): boolean {
    const stage = run.stages.find(({ definition }) => definition.name === stageName);
    const deployment = stage === undefined ? undefined : find(stage, target);
    return deployment?.state.status === "succeeded";
  }

  /** What would be changed was what people had seen; a change while the deployment is on its way cannot be told. */
  #demandSeen(stage: Stage, service: Service, before: Registered, what: string): void {
    const deployment = find(stage, { cluster: service.cluster, service: service.name });
    const claimed = deployment?.state.status === "requested" ? deployment.state.since : 0;
    if ((this.#moved.get(service.arn) ?? 0) > claimed) return;
    const seen = deployment?.prepared.baseTaskDefinition;
    this.#findings.demand(
      seen === before.arn,
      4,
      () => `${what} ran ${before.arn} when it was changed; what was looked at was ${seen}`,
    );
  }

  #demandAlone(run: Run, stage: string, what: string): void {
    const key = `${run.definition.name}/${stage}`;
    const holder = this.#held.get(key);
    this.#findings.demand(
      holder === undefined || isDerived(run.trigger),
      9,
      () => `${what}: the stage is held since ${holder} was rolled back`,
    );
    for (const other of this.#book.others(run)) {
      const state = other.stages.find(({ definition }) => definition.name === stage)?.state;
      this.#findings.demand(
        state?.status !== "deploying",
        9,
        () => `${what} was deployed while ${other.id} deploys there`,
      );
    }
  }

  changed(change: Change): void {
    const { before, event, after } = change;
    this.#returns.changed(change);
    if (event.type === "deployment.succeeded") this.#succeeded(before, event.stage, event);
    if (event.type === "deployment.failed") this.#failed(before, event);
    if (event.type === "run.superseded") this.#superseded(before, event.by);
    if (event.type !== "deployment.failed" || !event.rolledBack) return;
    const stage = after.stages.find(({ definition }) => definition.name === event.stage);
    if (stage !== undefined && isStageEnd(stage.state) && stage.state.status === "rolled-back") {
      this.#held.set(`${after.definition.name}/${event.stage}`, after.id);
    }
  }

  /** Invariant 5: ECS has completed this very deployment, and all of its tasks have run the release. */
  #succeeded(
    run: Run | undefined,
    stageName: string,
    target: { readonly cluster: string; readonly service: string; readonly digests: readonly string[] },
  ): void {
    const what = `${target.service} of ${stageName} of ${run?.id} is said to have succeeded`;
    const stage = run?.stages.find(({ definition }) => definition.name === stageName);
    const state = stage === undefined ? undefined : find(stage, target)?.state;
    const wanted = stage?.definition.deploy.find(
      ({ cluster, service }) => cluster === target.cluster && service === target.service,
    );
    const isUnderWay = state?.status === "in-progress" || state?.status === "baking";
    if (run === undefined || state === undefined || !isUnderWay || wanted === undefined) {
      this.#findings.violate(5, `${what}, but is ${state?.status}`);
      return;
    }
    const deployment = this.#ecs().deployment(state.deploymentId);
    this.#findings.demand(
      deployment?.hasRun === true && deployment.rolloutState === "COMPLETED",
      5,
      () => `${what}; its deployment ${state.deploymentId} is ${deployment?.rolloutState}`,
    );
    if (deployment !== undefined) this.#demandRelease(run, wanted, deployment, what);
  }

  /** Only a newer run takes the place of one, and only while that one waits. */
  #superseded(run: Run | undefined, by: string): void {
    const newer = this.#book.find(by)?.run;
    this.#findings.demand(
      run !== undefined && newer !== undefined && newer.sequence > run.sequence,
      9,
      () => `${run?.id} is superseded by ${by}`,
    );
    const busy = run?.stages.find(({ state }) => state.status === "deploying");
    this.#findings.demand(
      busy === undefined,
      9,
      () => `${run?.id} is superseded by ${by} while it deploys to ${busy?.definition.name}`,
    );
  }

  #failed(
    run: Run | undefined,
    event: {
      readonly stage: string;
      readonly cluster: string;
      readonly service: string;
      readonly rolledBack: boolean;
    },
  ): void {
    const stage = run?.stages.find(({ definition }) => definition.name === event.stage);
    const state = stage === undefined ? undefined : find(stage, event)?.state;
    if (state?.status !== "in-progress") return;
    const service = this.#ecs().service(event.cluster, event.service);
    const deployment = this.#ecs().deployment(state.deploymentId);
    // Who has changed the service since hides what ECS did to it.
    if (deployment === undefined || service?.status !== "ACTIVE" || this.#foreign.has(service.arn)) return;
    this.#findings.demand(
      event.rolledBack === deployment.isRolledBack,
      9,
      () =>
        `${event.service} of ${event.stage} of ${run?.id} is said to be ${event.rolledBack ? "" : "not "}rolled back`,
    );
  }
}

/** Whether one service of a stage has its turn only after another. */
function comesBefore(
  { order, deploy }: StageDefinition,
  one: EcsDeployment,
  { cluster, name }: Service,
): boolean {
  const index = deploy.findIndex((target) => target.service === name && target.cluster === cluster);
  const own = deploy[index];
  if (order === "parallel") return own?.needs?.includes(one.service) === true;
  const isPaired = own?.pair !== undefined && own.pair === one.pair;
  return deploy.indexOf(one) < index && !isPaired;
}

function find(
  stage: Stage,
  target: { readonly cluster: string; readonly service: string },
): Deployment | undefined {
  return deploymentsOf(stage.state).find(
    ({ prepared }) => prepared.cluster === target.cluster && prepared.service === target.service,
  );
}

/** By container: the digest of the index that the run has published for it. */
function releaseOf(run: Run, target: EcsDeployment): readonly (readonly [string, string | undefined])[] {
  return Object.entries(target.containers).map(([container, name]) => {
    const state = run.images.find(({ definition }) => definition.name === name)?.state;
    return [container, state?.status === "published" ? state.digest : undefined];
  });
}
