import type { Aws } from "../../shared/effects/aws.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { fakeAws, type Provided } from "./fakes.ts";

/** One call to AWS, from its request to its reply, in the order of all requests and replies. */
export interface TracedCall {
  readonly name: string;
  readonly start: number;
  end: number;
}

/** Writes down every call; each takes one turn of the event loop, so that calls made together overlap. */
export class Tracer {
  readonly calls: TracedCall[] = [];
  private moment = 0;

  async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    const call: TracedCall = { name, start: this.tick(), end: Number.POSITIVE_INFINITY };
    this.calls.push(call);
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return await work();
    } finally {
      call.end = this.tick();
    }
  }

  private tick(): number {
    this.moment += 1;
    return this.moment;
  }

  /** Each call of a store is one of DynamoDB. */
  store({ streams, intake, heads, deliveries }: Store): Store {
    return {
      streams: {
        load: (stream) => this.call(`Query ${stream}`, () => streams.load(stream)),
        last: (stream) => this.call(`Query ${stream} (last)`, () => streams.last(stream)),
        append: (stream, ...rest) => this.call(`PutItem ${stream}`, () => streams.append(stream, ...rest)),
      },
      intake,
      heads: { ...heads, put: (head) => this.call(`PutItem head#${head.runId}`, () => heads.put(head)) },
      deliveries,
    };
  }

  aws(provided: Provided): Aws {
    const { aws } = fakeAws(provided);
    const { codebuild, ecr, ecs } = aws;
    return {
      ...aws,
      codebuild: {
        ...codebuild,
        batchGetBuilds: (input) => this.call("BatchGetBuilds", () => codebuild.batchGetBuilds(input)),
      },
      ecr: {
        ...ecr,
        batchGetImage: (input) => this.call("BatchGetImage", () => ecr.batchGetImage(input)),
        putImage: (input) => this.call(`PutImage ${input.imageTag}`, () => ecr.putImage(input)),
      },
      ecs: {
        ...ecs,
        describeServices: (input) => this.call("DescribeServices", () => ecs.describeServices(input)),
        describeTaskDefinition: (input) =>
          this.call("DescribeTaskDefinition", () => ecs.describeTaskDefinition(input)),
        registerTaskDefinition: (input) =>
          this.call("RegisterTaskDefinition", () => ecs.registerTaskDefinition(input)),
        updateService: (input) => this.call("UpdateService", () => ecs.updateService(input)),
        describeCapacityProviders: (input) =>
          this.call("DescribeCapacityProviders", () => ecs.describeCapacityProviders(input)),
        listContainerInstances: (input) =>
          this.call("ListContainerInstances", () => ecs.listContainerInstances(input)),
        describeContainerInstances: (input) =>
          this.call("DescribeContainerInstances", () => ecs.describeContainerInstances(input)),
      },
    };
  }
}

/** The longest chain of calls that ends with this one, each begun after the one before had its reply. */
export function chainTo(calls: readonly TracedCall[], last: TracedCall): readonly TracedCall[] {
  const chain: TracedCall[] = [];
  let free = 0;
  const before = calls.filter(({ end }) => end < last.start).sort((a, b) => a.end - b.end);
  for (const call of before) {
    if (call.start < free) continue;
    chain.push(call);
    free = call.end;
  }
  return [...chain, last];
}

/** The chain as a person reads it: each step with what runs side by side with it. */
export function steps(calls: readonly TracedCall[], chain: readonly TracedCall[]): readonly string[] {
  return chain.map((step, index) => {
    const from = chain[index - 1]?.end ?? 0;
    const beside = calls.filter((call) => call.start > from && call.start < step.end);
    return `${index + 1}. ${beside.map(({ name }) => name).join("  ∥  ")}`;
  });
}
