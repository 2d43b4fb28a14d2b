import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { esbuildBinary } from "../../examples/hello/esbuild-binary.ts";
import { selectEngine } from "../../local/engine/select.ts";
import { createRepository, createWeb, mixedCluster, register } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { pushIndex } from "./ecs-images.ts";
import { constantLoad, deploymentIs, ends, overviewOf, updateWeb } from "./ecs-traffic.ts";

const withEngine = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

const template = `
Resources:
  Web: { Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: { Name: web } }
  Group: { Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: { Name: web, VpcId: vpc-0, Port: 80 } }
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Web
      Port: 80
      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Group }]
`;

withEngine("containers of both architectures behind the load balancer", () => {
  let endpoint: EcsEndpoint;

  beforeAll(async () => {
    endpoint = await startEcs({ engineFor: (host) => selectEngine("podman", host, `lb${process.pid}`) });
    await mixedCluster(endpoint);
    await createRepository(endpoint, "hello");
    await endpoint.deploy("traffic", template, {});
  }, 60_000);
  afterAll(() => endpoint.stop(), 60_000);

  /** A revision whose page names its text and its architecture. */
  async function revision(text: string): Promise<string> {
    const images = [
      { architecture: "amd64" as const, platform: "linux-x64" },
      { architecture: "arm64" as const, platform: "linux-arm64" },
    ].map(async ({ architecture, platform }) => ({
      architecture,
      text,
      files: {
        esbuild: await readFile(await esbuildBinary(platform)),
        "www/index.html": Buffer.from(`${text} on ${architecture}`),
      },
      entryPoint: ["/esbuild"],
      command: ["--serve=0.0.0.0:8080", "--servedir=/www", "--watch=forever"],
    }));
    const digest = await pushIndex(endpoint.url, "hello", await Promise.all(images));
    return register(endpoint, `${endpoint.host}/hello@${digest}`);
  }

  test("a rolling update from four to four others, and no request fails", async () => {
    const [balancer] = (await overviewOf(endpoint)).loadBalancers;
    const url = balancer?.url ?? "";
    const targetGroupArn = balancer?.listeners[0]?.rules[0]?.forwards[0]?.targetGroupArn ?? "";
    await createWeb(endpoint, await revision("one"), {
      loadBalancers: [{ targetGroupArn, containerName: "web", containerPort: 8080 }],
    });
    await ends(endpoint, 90_000);
    const load = constantLoad(url, 2);
    await deploymentIs(endpoint, "answered", () => load.counts.answered > 20);
    await updateWeb(endpoint, { taskDefinition: await revision("two") });
    expect((await ends(endpoint, 120_000)).status).toBe("SUCCESSFUL");
    const before = load.counts.answered;
    await deploymentIs(endpoint, "answered again", () => load.counts.answered > before + 20);
    await load.end();
    expect(load.counts.failed).toEqual([]);
    expect([...load.counts.bodies.keys()].sort()).toEqual([
      "one on amd64",
      "one on arm64",
      "two on amd64",
      "two on arm64",
    ]);
  }, 240_000);
});
