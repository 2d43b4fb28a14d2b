import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { imagePlatforms } from "../../shared/effects/image-platforms.ts";
import { parseImage } from "../../shared/pipeline/image-reference.ts";
import { awsError, contextOf, fakeAws, operations, type Provided, sha256 } from "./fakes.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const digest = (text: string) => `sha256:${sha256(text)}`;
const platform = (name: string) => {
  const [os, architecture, variant] = name.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};
const entry = (name: string, more: object = {}) => ({
  mediaType: IMAGE,
  digest: digest(name),
  size: 1,
  platform: platform(name),
  ...more,
});
const index = (...entries: readonly object[]) =>
  JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: entries });
const CONFIG = JSON.stringify({ os: "linux", architecture: "arm64", variant: "v8" });
const SINGLE = JSON.stringify({
  schemaVersion: 2,
  mediaType: IMAGE,
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: digest(CONFIG),
    size: CONFIG.length,
  },
  layers: [],
});

let closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing) close();
  closing = [];
});

/** A server on this machine, as a registry; `HOST` in what it is asked for stands for itself. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, host: string) => void) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url}`);
    answer(request, response, host);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host, asked };
}

function reader(provided: Provided = {}, uris: Readonly<Record<string, string>> = {}, patience?: number) {
  const { aws, calls } = fakeAws(provided);
  const context = contextOf(aws);
  const settings = { ...context.settings, repositoryUris: uris };
  return { platformsOf: imagePlatforms({ aws, settings }, new Map(), patience), calls };
}

describe("at a public registry", () => {
  test("an index's platforms, without attestations, with the token anybody gets", async () => {
    const attestation = entry("unknown/unknown", {
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    });
    const text = index(entry("linux/arm64/v8"), entry("linux/amd64"), entry("linux/arm/v7"), attestation);
    const { host, asked } = await serve((request, response, host) => {
      if (request.url?.startsWith("/token")) return response.end(JSON.stringify({ access_token: "anybody" }));
      if (request.headers.authorization !== "Bearer anybody") {
        const challenge = `Bearer realm="http://${host}/token",service="registry",scope="repository:team/proxy:pull"`;
        return response.writeHead(401, { "www-authenticate": challenge }).end();
      }
      expect(request.headers.accept).toContain(INDEX);
      return response.writeHead(200, { "content-type": INDEX }).end(text);
    });
    const { platformsOf } = reader();
    expect(await platformsOf(`${host}/team/proxy:v1`)).toEqual({
      platforms: ["linux/amd64", "linux/arm/v7", "linux/arm64"],
    });
    expect(asked).toEqual([
      "/v2/team/proxy/manifests/v1",
      "/token?service=registry&scope=repository%3Ateam%2Fproxy%3Apull",
      "/v2/team/proxy/manifests/v1",
    ]);
  });

  test("a single image's by its configuration, asked for once", async () => {
    const { host, asked } = await serve((request, response) =>
      response.end(request.url?.includes("/blobs/") ? CONFIG : SINGLE),
    );
    const { platformsOf } = reader();
    const image = `${host}/proxy@${digest(SINGLE)}`;
    const all = await Promise.all([platformsOf(image), platformsOf(image)]);
    expect(all).toEqual([{ platforms: ["linux/arm64"] }, { platforms: ["linux/arm64"] }]);
    expect(asked).toEqual([`/v2/proxy/manifests/${digest(SINGLE)}`, `/v2/proxy/blobs/${digest(CONFIG)}`]);
  });

  test.each<[string, number, string, string]>([
    ["is not there", 404, "", "there is no image v1 in proxy"],
    ["is not for everybody", 403, "", "does not show it to everybody"],
    ["fails", 500, "", "answered 500"],
    ["is no manifest", 200, "<html>", "its manifest is of no known kind"],
    [
      "names no platform",
      200,
      index({ mediaType: IMAGE, digest: digest("x"), size: 1 }),
      "its index names no platform",
    ],
  ])("an image that %s is unknown, with the reason", async (_what, status, body, why) => {
    const { host } = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await reader().platformsOf(`${host}/proxy:v1`)).toEqual({ unknown: expect.stringContaining(why) });
  });

  test("a registry that is silent is unknown once the patience is over", async () => {
    const { host } = await serve(() => undefined);
    const { platformsOf } = reader({}, {}, 50);
    expect(await platformsOf(`${host}/proxy:v1`)).toEqual({ unknown: `${host}: nothing within 0.05 s` });
  });

  test("a registry that is not there is unknown", async () => {
    const { host } = await serve(() => undefined);
    for (const close of closing) close();
    expect(await reader().platformsOf(`${host}/proxy:v1`)).toEqual({
      unknown: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("a token is not asked for in the clear from another machine", async () => {
    const { host } = await serve((_request, response) =>
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://192.0.2.1/token"' }).end(),
    );
    expect(await reader().platformsOf(`${host}/proxy:v1`)).toEqual({
      unknown: expect.stringContaining("does not show it to everybody"),
    });
  });
});

describe("in ECR", () => {
  const HOST = "000000000000.dkr.ecr.us-east-1.amazonaws.com";
  const OURS = { hello: `${HOST}/hello` };

  test("an index's platforms take one call", async () => {
    const { platformsOf, calls } = reader(
      {
        ecr: {
          batchGetImage: async () => ({
            images: [{ imageManifest: index(entry("linux/amd64"), entry("linux/arm64")) }],
          }),
        },
      },
      OURS,
    );
    const image = `${HOST}/hello@${digest("index")}`;
    expect(await platformsOf(image)).toEqual({ platforms: ["linux/amd64", "linux/arm64"] });
    expect(await platformsOf(image)).toEqual({ platforms: ["linux/amd64", "linux/arm64"] });
    expect(calls).toMatchObject([
      {
        operation: "BatchGetImage",
        input: { repositoryName: "hello", imageIds: [{ imageDigest: digest("index") }] },
      },
    ]);
  });

  test("a single image's take its configuration", async () => {
    const { host } = await serve((_request, response) => response.end(CONFIG));
    const { platformsOf, calls } = reader({
      ecr: {
        batchGetImage: async () => ({ images: [{ imageManifest: SINGLE }] }),
        getDownloadUrlForLayer: async () => ({ downloadUrl: `http://${host}/signed` }),
      },
    });
    expect(await platformsOf(`${HOST}/team/sidecar:v1`)).toEqual({ platforms: ["linux/arm64"] });
    expect(operations(calls)).toEqual(["BatchGetImage", "GetDownloadUrlForLayer"]);
  });

  test.each([
    ["has no such image", async () => ({ failures: [{ failureCode: "ImageNotFound" as const }] })],
    ["does not exist", () => Promise.reject(awsError("RepositoryNotFoundException"))],
  ])(
    "where the repository %s, an image of ours is gone, and another's unknown",
    async (_what, batchGetImage) => {
      const { platformsOf } = reader({ ecr: { batchGetImage } }, OURS);
      const why = expect.stringContaining(`there is no image`);
      expect(await platformsOf(`${HOST}/hello@${digest("index")}`)).toEqual({ gone: why });
      expect(await platformsOf(`${HOST}/sidecar:v1`)).toEqual({ unknown: why });
    },
  );

  test("what may not be read is unknown; what may work another time is thrown", async () => {
    const denied = reader({
      ecr: { batchGetImage: () => Promise.reject(awsError("AccessDeniedException", "no")) },
    });
    expect(await denied.platformsOf("111111111111.dkr.ecr.us-east-1.amazonaws.com/x:1")).toEqual({
      unknown: "no",
    });
    expect(denied.calls[0]?.input).toMatchObject({ registryId: "111111111111" });
    const throttled = reader({
      ecr: { batchGetImage: () => Promise.reject(awsError("ThrottlingException", "slow")) },
    });
    await expect(throttled.platformsOf(`${HOST}/x:1`)).rejects.toThrow("slow");
  });

  test("another Region's is unknown without a call", async () => {
    const { platformsOf, calls } = reader({}, OURS);
    expect(await platformsOf("000000000000.dkr.ecr.eu-west-1.amazonaws.com/x:1")).toEqual({
      unknown: "it is in another Region, eu-west-1",
    });
    expect(calls).toEqual([]);
  });
});

describe("image references", () => {
  const D = digest("x");
  test.each<[string, object | undefined]>([
    ["nginx", { host: "registry-1.docker.io", repository: "library/nginx", reference: "latest" }],
    [
      "docker.io/nginx:1.27",
      { host: "registry-1.docker.io", repository: "library/nginx", reference: "1.27" },
    ],
    [
      "envoyproxy/envoy:v1",
      { host: "registry-1.docker.io", repository: "envoyproxy/envoy", reference: "v1" },
    ],
    [
      "public.ecr.aws/docker/library/nginx:1",
      { host: "public.ecr.aws", repository: "docker/library/nginx", reference: "1" },
    ],
    [`ghcr.io/owner/name@${D}`, { host: "ghcr.io", repository: "owner/name", reference: D }],
    [`quay.io/a/b:tag@${D}`, { host: "quay.io", repository: "a/b", reference: D }],
    ["127.0.0.1:4566/hello:main", { host: "127.0.0.1:4566", repository: "hello", reference: "main" }],
    ["localhost/hello", { host: "localhost", repository: "hello", reference: "latest" }],
    ["localhost:5000/hello", { host: "localhost:5000", repository: "hello", reference: "latest" }],
    ["Nginx", undefined],
    ["", undefined],
    ["nginx@sha256:short", undefined],
    ["a b", undefined],
  ])("%s", (text, expected) => {
    expect(parseImage(text)).toEqual(expected);
  });
});
