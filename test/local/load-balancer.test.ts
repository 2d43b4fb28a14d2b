import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createLoadBalancer, type LoadBalancerService } from "../../local/load-balancer/service.ts";
import type { CreatedResource } from "../../local/service.ts";

let stateDir: string;
let service: LoadBalancerService;
let said: string[];
const backends: Server[] = [];

const open = (secondMs = 2): Promise<LoadBalancerService> =>
  createLoadBalancer(
    {
      accountId: "000000000000",
      region: "us-east-1",
      stateDir,
      now: Date.now,
      say: (line) => void said.push(line),
    },
    { secondMs, patienceMs: 0 },
  );

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "tandem-lb-"));
  said = [];
  service = await open();
});
afterEach(async () => {
  await service.close();
  for (const backend of backends.splice(0)) {
    backend.closeAllConnections();
    backend.close();
  }
  await rm(stateDir, { recursive: true, force: true });
});

/** A resource of a template. */
async function create(
  type: "LoadBalancer" | "TargetGroup" | "Listener" | "ListenerRule",
  properties: Readonly<Record<string, unknown>>,
): Promise<CreatedResource> {
  const full = `AWS::ElasticLoadBalancingV2::${type}`;
  const apply = service.resources?.[full];
  if (apply === undefined) throw new Error(`no ${full}`);
  return apply({ logicalId: String(properties.Name ?? type), type: full, properties });
}

const group = async (Name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  (await create("TargetGroup", { Name, HealthCheckIntervalSeconds: 10, HealthyThresholdCount: 2, ...more }))
    .ref;

const forward = (TargetGroupArn: string) => [{ Type: "forward", TargetGroupArn }];

/** A load balancer with one listener on port 80. */
async function listener(actions: unknown): Promise<{ arn: string; url: string }> {
  const balancer = await create("LoadBalancer", { Name: "web" });
  const { ref } = await create("Listener", {
    LoadBalancerArn: balancer.ref,
    Port: "80",
    DefaultActions: actions,
  });
  return { arn: ref, url: `http://${balancer.attributes.DNSName}` };
}

/** Something that happens once. */
function signal(): { readonly go: () => void; readonly gone: Promise<void> } {
  const made: { go: () => void } = { go: () => undefined };
  const gone = new Promise<void>((resolve) => {
    made.go = resolve;
  });
  return { go: () => made.go(), gone };
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** A target that answers with its name unless told otherwise. */
async function backend(name: string, handle?: Handle): Promise<{ id: string; port: number }> {
  const server = createServer(handle ?? ((_request, response) => void response.end(name)));
  backends.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { id: name, port: typeof address === "object" && address !== null ? address.port : 0 };
}

/** Resolves when a target has a state. */
async function reaches(groupArn: string, id: string, state: string): Promise<void> {
  const stateNow = (): Promise<unknown> => call("DescribeTargetHealth", { TargetGroupArn: groupArn });
  const until = Date.now() + 5000;
  for (;;) {
    const described = JSON.stringify(await stateNow());
    if (described.includes(`{"Target":{"Id":"${id}"`) && described.includes(`"State":"${state}"`)) return;
    if (Date.now() > until) throw new Error(`${id} is not ${state}: ${described}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const caller = { arn: "arn:aws:iam::000000000000:user/x", accountId: "000000000000", userId: "x" };
async function call(operation: string, input: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const perform = service.operations?.[operation];
  if (perform === undefined) throw new Error(`no ${operation}`);
  return perform(input, caller);
}

const text = async (url: string, init?: RequestInit): Promise<string> => (await fetch(url, init)).text();

async function register(groupArn: string, name: string, handle?: Handle) {
  const target = await backend(name, handle);
  service.balancing.register(groupArn, target);
  await reaches(groupArn, name, "healthy");
  return target;
}

describe("forwarding", () => {
  test("goes round the healthy targets, with the headers that tell where from", async () => {
    const blue = await group("blue");
    const { url } = await listener(forward(blue));
    expect((await fetch(url)).status).toBe(503);
    await register(blue, "one", (request, response) => {
      const {
        "x-forwarded-for": from,
        "x-forwarded-port": port,
        "x-forwarded-proto": proto,
      } = request.headers;
      response.setHeader("x-own", "kept");
      response.end(`one ${request.method} ${request.url} ${from} ${port} ${proto}`);
    });
    const response = await fetch(`${url}/a?b=1`, { headers: { "x-forwarded-for": "10.0.0.1" } });
    expect(response.headers.get("x-own")).toBe("kept");
    expect(await response.text()).toBe("one GET /a?b=1 10.0.0.1, 127.0.0.1 80 http");
    await register(blue, "two");
    const answers = [await text(url), await text(url), await text(url), await text(url)];
    expect(answers.filter((answer) => answer === "two")).toHaveLength(2);
    expect(said).toEqual([`load balancer web: port 80 is ${url}`]);
  });

  test("bodies go through, both ways", async () => {
    const blue = await group("blue");
    const { url } = await listener(forward(blue));
    await register(blue, "echo", (request, response) => void request.pipe(response));
    const body = "x".repeat(200_000);
    expect(await text(url, { method: "POST", body })).toBe(body);
  });

  test("a target that breaks off is a Bad Gateway", async () => {
    const blue = await group("blue");
    const { url } = await listener(forward(blue));
    await register(blue, "one", (request, response) => {
      if (request.headers["user-agent"]?.startsWith("ELB-HealthChecker") === true) response.end();
      else request.socket.destroy();
    });
    expect((await fetch(url)).status).toBe(502);
  });
});

describe("rules", () => {
  test("the lowest priority whose conditions are all met decides", async () => {
    const blue = await group("blue");
    const { url, arn } = await listener(forward(blue));
    await register(blue, "default");
    const answer = (MessageBody: string) => [
      { Type: "fixed-response", FixedResponseConfig: { StatusCode: "200", MessageBody } },
    ];
    const rule = (Priority: number, Conditions: unknown, Actions: unknown) =>
      create("ListenerRule", { ListenerArn: arn, Priority, Conditions, Actions });
    await rule(20, [{ Field: "path-pattern", Values: ["/api/*"] }], answer("api"));
    await rule(
      10,
      [
        { Field: "path-pattern", PathPatternConfig: { Values: ["/api/*"] } },
        { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "X-Test", Values: ["yes", "y?p"] } },
      ],
      answer("test"),
    );
    await rule(
      30,
      [{ Field: "query-string", QueryStringConfig: { Values: [{ Key: "go", Value: "*" }] } }],
      [
        {
          Type: "redirect",
          RedirectConfig: { StatusCode: "HTTP_302", Path: "/new/#{path}", Query: "from=#{query}" },
        },
      ],
    );
    expect(await text(`${url}/api/a`)).toBe("api");
    expect(await text(`${url}/api/a`, { headers: { "x-test": "YEP" } })).toBe("test");
    expect(await text(`${url}/API/a`)).toBe("default");
    const redirect = await fetch(`${url}/old?go=1`, { redirect: "manual" });
    expect([redirect.status, redirect.headers.get("location")]).toEqual([302, `${url}/new/old?from=go=1`]);
  });

  test.each([
    ["two actions", "Listener", { DefaultActions: [...forward("a"), ...forward("b")] }, /exactly one action/],
    ["an action unknown", "Listener", { DefaultActions: [{ Type: "jwt-validation" }] }, /knows the actions/],
    ["TCP", "Listener", { Protocol: "TCP", DefaultActions: forward("a") }, /listens to HTTP/],
    ["a group that is not there", "Listener", { DefaultActions: forward("a") }, /Target group 'a' not found/],
    ["a network load balancer", "LoadBalancer", { Type: "network" }, /application load balancer/],
    ["a function as target", "TargetGroup", { TargetType: "lambda" }, /target types instance and ip/],
  ] as const)("%s is refused", async (_what, type, properties, message) => {
    const { ref } = await create("LoadBalancer", { Name: "web" });
    await expect(create(type, { LoadBalancerArn: ref, Port: 80, ...properties })).rejects.toThrow(message);
  });
});

describe("health", () => {
  test("a target fails and comes back by its thresholds; while none is healthy, all take requests", async () => {
    const blue = await group("blue", { Matcher: { HttpCode: "200-204" } });
    const { url } = await listener(forward(blue));
    let status = 204;
    await register(blue, "one", (_request, response) => void response.writeHead(status).end());
    status = 500;
    await reaches(blue, "one", "unhealthy");
    const described = JSON.stringify(await call("DescribeTargetHealth", { TargetGroupArn: blue }));
    expect(described).toContain("Target.ResponseCodeMismatch");
    expect(described).toContain("Health checks failed with these codes: [500]");
    expect((await fetch(url)).status).toBe(500);
    status = 200;
    await reaches(blue, "one", "healthy");
    expect((await fetch(url)).status).toBe(200);
  });

  test("a target that leaves finishes what it has begun, and gets nothing new", async () => {
    const blue = await group("blue", {
      TargetGroupAttributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "3600" }],
    });
    const { url } = await listener(forward(blue));
    const arrived = signal();
    let finish: () => void = () => undefined;
    const slow = await register(blue, "slow", (request, response) => {
      if (request.url !== "/slow") return void response.end("slow");
      finish = () => void response.end("finished");
      arrived.go();
    });
    const begun = text(`${url}/slow`);
    await arrived.gone;
    await register(blue, "two");
    let left = false;
    const leaving = service.balancing.deregister(blue, slow).then(() => {
      left = true;
    });
    await reaches(blue, "slow", "draining");
    expect([await text(url), await text(url), await text(url)]).toEqual(["two", "two", "two"]);
    expect(left).toBe(false);
    finish();
    expect(await begun).toBe("finished");
    await leaving;
    const described = JSON.stringify(await call("DescribeTargetHealth", { TargetGroupArn: blue }));
    expect(described).not.toContain('"slow"');
  });

  test("at the end of the deregistration delay nobody waits any longer", async () => {
    const blue = await group("blue", {
      TargetGroupAttributes: [{ Key: "deregistration_delay.timeout_seconds", Value: 30 }],
    });
    const { url } = await listener(forward(blue));
    const arrived = signal();
    const stuck = await register(blue, "stuck", (request, response) => {
      if (request.url === "/stuck") arrived.go();
      else response.end();
    });
    const begun = fetch(`${url}/stuck`).catch(() => "broken off");
    await arrived.gone;
    // Thirty seconds, each 2 ms here.
    await service.balancing.deregister(blue, stuck);
    backends[0]?.closeAllConnections();
    await begun;
  });
});

test("everything is there again after a restart, at the same address; the same template does not undo a shift", async () => {
  const blue = await group("blue");
  const green = await group("green");
  const { url, arn } = await listener(forward(blue));
  service.balancing.shift(arn, [
    { TargetGroupArn: blue, Weight: 0 },
    { TargetGroupArn: green, Weight: 100 },
  ]);
  await service.close();
  service = await open();
  const again = await listener(forward(blue));
  expect(again).toEqual({ url, arn });
  await register(green, "green");
  expect(await text(url)).toBe("green");
  const changed = await listener([
    { Type: "fixed-response", FixedResponseConfig: { StatusCode: 200, MessageBody: "changed" } },
  ]);
  expect(changed).toEqual({ url, arn });
  expect(await text(url)).toBe("changed");
  await expect(call("DescribeRules", { RuleArns: ["arn:none"] })).rejects.toMatchObject({
    code: "RuleNotFound",
  });
});
