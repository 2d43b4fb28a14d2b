import {
  type Deployment,
  deploymentsOf,
  isStageEnd,
  type Run,
  type Stage,
} from "../../../shared/pipeline/run.ts";
import { keepsRelease } from "../../../shared/pipeline/steps.ts";
import type { FakeEcs } from "../aws/ecs.ts";
import { primaryOf, type Service, type ServiceDeployment } from "../aws/ecs-service.ts";
import type { Findings } from "./findings.ts";
import type { Change } from "./run-book.ts";

/** What holds of services on their way back, and of those that have not gone. */
export class ReturnChecks {
  readonly #findings: Findings;
  readonly #ecs: () => FakeEcs;
  /** Whether somebody else has deployed to a service: then nothing can be said of it. */
  readonly #isForeign: (service: Service) => boolean;
  readonly #intents = new Set<string>();
  readonly #returned = new Set<string>();

  constructor(findings: Findings, ecs: () => FakeEcs, isForeign: (service: Service) => boolean) {
    this.#findings = findings;
    this.#ecs = ecs;
    this.#isForeign = isForeign;
  }

  /** A stage that has failed takes a service back to what it was before, once, and while nothing else of it moves. */
  updated(
    invocation: string | undefined,
    run: Run,
    stageName: string,
    service: Service,
    after: ServiceDeployment,
  ): void {
    const key = `${run.id} ${stageName} ${service.arn}`;
    // The SDK has sent it again, not knowing that it had arrived: the same intent.
    if (this.#intents.has(`${invocation} ${key}`)) return;
    this.#intents.add(`${invocation} ${key}`);
    const what = `${service.name} in stage ${stageName} of ${run.id}`;
    this.#findings.demand(!this.#returned.has(key), 2, () => `${what} was taken back twice`);
    this.#returned.add(key);
    const stage = run.stages.find(({ definition }) => definition.name === stageName);
    if (stage === undefined) return;
    const deployment = deploymentsOf(stage.state).find(({ prepared }) => isOf(prepared, service));
    const wanted = deployment === undefined ? undefined : wantedOf(stage, deployment);
    this.#findings.demand(
      wanted === after.revision.arn,
      4,
      () => `${what} goes back to ${after.revision.arn}, not ${wanted}`,
    );
    for (const other of deploymentsOf(stage.state)) {
      if (other === deployment) continue;
      const { state, back, prepared } = other;
      const moves = [state.status, back?.status].find((one) => one === "requested" || one === "in-progress");
      this.#findings.demand(
        moves === undefined,
        9,
        () => `${what} goes back while ${prepared.service} is ${moves}`,
      );
    }
  }

  /** A stage that has failed leaves no service on the release that another of it has failed with, unless it is to stay. */
  changed({ before, after }: Change): void {
    for (const [index, stage] of after.stages.entries()) {
      const { definition, state } = stage;
      const earlier = before?.stages[index]?.state;
      if (!isStageEnd(state) || earlier === undefined || isStageEnd(earlier)) continue;
      if (state.status !== "failed" && state.status !== "rolled-back") continue;
      for (const deployment of state.deployments) {
        const { prepared, back } = deployment;
        const service = this.#ecs().service(prepared.cluster, prepared.service);
        if (service === undefined || service.status !== "ACTIVE" || this.#isForeign(service)) continue;
        const isMeant = back?.status === "succeeded" || isToGo(stage, deployment);
        if (!isMeant || back?.status === "failed") continue;
        const { revision } = primaryOf(service);
        this.#findings.demand(
          revision.arn === wantedOf(stage, deployment),
          9,
          () =>
            `${definition.name} of ${after.id} is ${state.status}, and ${prepared.service} runs ${revision.arn}`,
        );
      }
    }
  }
}

/** Read once more, without asking the core: it has succeeded where another has failed. */
function isToGo({ definition }: Stage, { state }: Deployment): boolean {
  return state.status === "succeeded" && definition.onFailure !== "stay";
}

function wantedOf({ definition }: Stage, deployment: Deployment): string | undefined {
  const { prepared, state } = deployment;
  const stays = keepsRelease(definition, deployment);
  return stays && "taskDefinition" in state ? state.taskDefinition : prepared.baseTaskDefinition;
}

function isOf(key: { readonly cluster: string; readonly service: string }, service: Service): boolean {
  return key.cluster === service.cluster && key.service === service.name;
}
