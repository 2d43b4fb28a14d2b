import {
  DescribeServiceDeploymentsCommand,
  ListServiceDeploymentsCommand,
  type ServiceDeployment,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { AwsClient } from "aws4fetch";
import { createRepository, describeWeb, mixedCluster, register } from "./ecs-cluster.ts";
import { type EcsEndpoint, type EcsEndpointOptions, startEcs } from "./ecs-endpoint.ts";
import { both, pushIndex } from "./ecs-images.ts";

/** A load balancer with a production and a test listener, and two target groups. */
const template = `
Parameters: { TargetType: { Type: String } }
Resources:
  Web:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: { Name: web, Subnets: [subnet-0, subnet-1] }
  Blue:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Name: blue
      TargetType: !Ref TargetType
      Port: 80
      VpcId: vpc-0
      HealthCheckPath: /health
      HealthCheckIntervalSeconds: 5
      HealthyThresholdCount: 2
      TargetGroupAttributes:
        - { Key: deregistration_delay.timeout_seconds, Value: "60" }
  Green:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: { Name: green, TargetType: !Ref TargetType, Port: 80, VpcId: vpc-0, HealthCheckPath: /health, HealthCheckIntervalSeconds: 5 }
  Production:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Web
      Port: 80
      DefaultActions:
        - { Type: fixed-response, FixedResponseConfig: { StatusCode: "404", MessageBody: nothing here } }
  ProductionRule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Production
      Priority: 10
      Conditions: [{ Field: path-pattern, PathPatternConfig: { Values: ["/*"] } }]
      Actions:
        - Type: forward
          ForwardConfig:
            TargetGroups:
              - { TargetGroupArn: !Ref Blue, Weight: 1 }
              - { TargetGroupArn: !Ref Green, Weight: 0 }
  Test:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Web
      Port: 8080
      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Blue }]
Outputs:
  Blue: { Value: !Ref Blue }
`;

const arnOf = (resource: string): string => `arn:aws:elasticloadbalancing:us-east-1:000000000000:${resource}`;

/** Everything that a service behind the load balancer is tested with. */
export interface Traffic {
  readonly endpoint: EcsEndpoint;
  readonly production: string;
  readonly test: string;
  /** The `loadBalancers` of a service; with what blue/green needs when `advanced`. */
  loadBalancers(advanced: boolean): {
    targetGroupArn: string;
    containerName: string;
    containerPort: number;
    advancedConfiguration?: Record<string, string>;
  }[];
  /** Pushes an image, and registers a revision of `web` that runs it. @returns its ARN and the image's digest */
  revision(
    text: string,
    environment?: Readonly<Record<string, string>>,
  ): Promise<{ arn: string; digest: string }>;
  /** Calls an operation of Elastic Load Balancing. @returns the XML */
  elb(action: string, parameters?: Readonly<Record<string, string>>): Promise<string>;
  /** The names of the target groups a rule forwards to, with their weights. */
  weights(): Promise<Record<string, number>>;
}

interface Overview {
  readonly loadBalancers: readonly {
    readonly url: string;
    readonly listeners: readonly {
      readonly port: number;
      readonly url: string;
      readonly rules: readonly {
        readonly arn: string;
        readonly priority: number | string;
        readonly forwards: readonly {
          readonly targetGroup: string;
          readonly targetGroupArn: string;
          readonly weight: number;
        }[];
      }[];
    }[];
  }[];
}

export async function overviewOf(endpoint: EcsEndpoint): Promise<Overview> {
  const response = await fetch(`${endpoint.url}/_local/load-balancers`);
  // Only this test reads it, and fails where it is otherwise.
  const overview: Overview = JSON.parse(await response.text());
  return overview;
}

/** A mixed cluster, a load balancer, and what goes with them; not created anew where `seeded` is false. */
export async function startTraffic(
  options: EcsEndpointOptions & { readonly seeded?: boolean; readonly targetType?: "instance" | "ip" } = {},
): Promise<Traffic> {
  const timings = { simulatedStartMs: 15, simulatedStopMs: 5, settleMs: 5, minuteMs: 120 };
  const endpoint = await startEcs({
    ...options,
    deps: { ...options.deps, timings: { ...timings, ...options.deps?.timings } },
  });
  if (options.seeded ?? true) {
    await createRepository(endpoint, "hello");
    await mixedCluster(endpoint);
    await endpoint.deploy("traffic", template, { TargetType: options.targetType ?? "instance" });
  }
  const [balancer] = (await overviewOf(endpoint)).loadBalancers;
  const listener = (port: number) => balancer?.listeners.find((one) => one.port === port);
  const ruleArn = (port: number, priority: number | string): string =>
    listener(port)?.rules.find((one) => one.priority === priority)?.arn ?? "";
  const aws = new AwsClient({
    accessKeyId: "alice",
    secretAccessKey: "alice",
    service: "elasticloadbalancing",
    region: "us-east-1",
  });
  const elb: Traffic["elb"] = async (action, parameters = {}) => {
    const body = new URLSearchParams({ Action: action, Version: "2015-12-01", ...parameters });
    const response = await aws.fetch(endpoint.url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: body.toString(),
    });
    return response.text();
  };
  const groups = await elb("DescribeTargetGroups");
  const groupArn = (name: string): string =>
    new RegExp(`${arnOf(`targetgroup/${name}`)}/[0-9a-f]+`).exec(groups)?.[0] ?? "";
  return {
    endpoint,
    production: listener(80)?.url ?? "",
    test: listener(8080)?.url ?? "",
    elb,
    loadBalancers: (advanced) => [
      {
        targetGroupArn: groupArn("blue"),
        containerName: "web",
        containerPort: 8080,
        ...(advanced
          ? {
              advancedConfiguration: {
                alternateTargetGroupArn: groupArn("green"),
                productionListenerRule: ruleArn(80, 10),
                testListenerRule: ruleArn(8080, "default"),
                roleArn: "arn:aws:iam::000000000000:role/ecsInfrastructureRole",
              },
            }
          : {}),
      },
    ],
    revision: async (text, environment = {}) => {
      const digest = await pushIndex(endpoint.url, "hello", both(text));
      const arn = await register(endpoint, `${endpoint.host}/hello@${digest}`, {
        containerDefinitions: [
          {
            name: "web",
            image: `${endpoint.host}/hello@${digest}`,
            memory: 64,
            portMappings: [{ containerPort: 8080, hostPort: 0 }],
            environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
          },
        ],
      });
      return { arn, digest };
    },
    weights: async () => {
      const [now] = (await overviewOf(endpoint)).loadBalancers;
      const rule = now?.listeners
        .find(({ port }) => port === 80)
        ?.rules.find(({ priority }) => priority === 10);
      return Object.fromEntries(
        (rule?.forwards ?? []).map(({ targetGroup, weight }) => [targetGroup, weight]),
      );
    },
  };
}

/** The newest service deployment of `web`, as DescribeServiceDeployments shows it. */
export async function newestDeployment({ ecs }: EcsEndpoint): Promise<ServiceDeployment> {
  const { serviceDeployments: all = [] } = await ecs.send(
    new ListServiceDeploymentsCommand({ cluster: "staging", service: "web" }),
  );
  const serviceDeploymentArns = all
    .slice(0, 1)
    .flatMap(({ serviceDeploymentArn }) => serviceDeploymentArn ?? []);
  const { serviceDeployments = [] } = await ecs.send(
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns }),
  );
  const [newest] = serviceDeployments;
  if (newest === undefined) throw new Error("web has no service deployment");
  return newest;
}

/** Resolves when the newest service deployment of `web` is as wanted; asked again with every event and every few milliseconds. */
export async function deploymentIs(
  endpoint: EcsEndpoint,
  what: string,
  passes: (deployment: ServiceDeployment) => boolean,
  timeoutMs = 10_000,
): Promise<ServiceDeployment> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const deployment = await newestDeployment(endpoint);
    if (passes(deployment)) return deployment;
    if (Date.now() > until) {
      const { events = [] } = await describeWeb(endpoint);
      const lines = events.slice(0, 8).map(({ message }) => message);
      throw new Error(`not ${what}: ${JSON.stringify(deployment)}; ${lines.join("; ")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const ends = (endpoint: EcsEndpoint, timeoutMs?: number): Promise<ServiceDeployment> =>
  deploymentIs(endpoint, "ended", ({ finishedAt }) => finishedAt !== undefined, timeoutMs);

export const updateWeb = (endpoint: EcsEndpoint, change: Partial<UpdateServiceCommandInput>) =>
  endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", ...change }));

/** Asks `url` on so many connections, each a few milliseconds after its last answer, until it is ended. */
export function constantLoad(url: string, connections: number) {
  let ending = false;
  const counts = { answered: 0, failed: [] as string[], bodies: new Map<string, number>() };
  const one = async (): Promise<void> => {
    while (!ending) {
      try {
        const response = await fetch(url);
        const body = await response.text();
        if (response.status !== 200) counts.failed.push(`HTTP ${response.status}: ${body}`);
        counts.bodies.set(body, (counts.bodies.get(body) ?? 0) + 1);
        counts.answered += 1;
      } catch (error) {
        counts.failed.push(String(error));
      }
      // The clients share two cores with what they measure.
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  };
  const running = Promise.all(Array.from({ length: connections }, one));
  return {
    counts,
    end: async (): Promise<void> => {
      ending = true;
      await running;
    },
  };
}

/** The image that a simulated container's page names, by digest. */
export const imageIn = (body: string): string | undefined => /"image":"[^"@]*@([^"]+)"/.exec(body)?.[1];

/** Which images answer so many requests, by digest. */
export async function answers(url: string, count: number): Promise<Record<string, number>> {
  const images: Record<string, number> = {};
  for (let request = 0; request < count; request++) {
    const response = await fetch(url);
    const image = imageIn(await response.text()) ?? `HTTP ${response.status}`;
    images[image] = (images[image] ?? 0) + 1;
  }
  return images;
}
