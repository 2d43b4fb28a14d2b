import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Sha256 } from "@aws-crypto/sha256-js";
import { afterEach, describe, expect, test } from "@jest/globals";
import { SignatureV4 } from "@smithy/signature-v4";
import { awsRequest } from "../../functions/aws-request.ts";

const CREDENTIALS = { accessKeyId: "KEY", secretAccessKey: "secret", sessionToken: "a session" };
const NOW = Date.UTC(2026, 10, 21, 19, 59, 6, 123);

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(handler: Handler) {
  const listening = createServer((request, response) => {
    void text(request).then((body) => handler(request, response, body));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const options = { region: "eu-west-1", endpoint, credentials: () => CREDENTIALS, now: () => NOW };
  return { port, post: awsRequest(options), listening };
}

const BODY = '{"Item":{"name":{"S":"日本 🚀"}}}';
const json = { "content-type": "application/x-amz-json-1.0" };

describe("a signed request", () => {
  test.each([
    ["dynamodb", "/", { ...json, "x-amz-target": "DynamoDB_20120810.PutItem" }],
    [
      "lambda",
      "/2015-03-31/functions/tandem%3Aopen/invocations",
      { ...json, "x-amz-invocation-type": "Event" },
    ],
  ])("to %s has the signature that AWS's own library makes", async (service, path, headers) => {
    let seen: { readonly headers: IncomingMessage["headers"]; readonly body: string } | undefined;
    const { post, port } = await serve((request, response, body) => {
      seen = { headers: request.headers, body };
      response.end("{}");
    });
    await post({ service, path, headers, body: BODY, timeout: 5_000 });
    const signer = new SignatureV4({
      service,
      region: "eu-west-1",
      credentials: CREDENTIALS,
      sha256: Sha256,
      applyChecksum: false,
    });
    const expected = await signer.sign(
      {
        method: "POST",
        protocol: "http:",
        hostname: "127.0.0.1",
        port,
        path,
        query: {},
        headers: { ...headers, host: `127.0.0.1:${port}`, "content-length": String(Buffer.byteLength(BODY)) },
        body: BODY,
      },
      { signingDate: new Date(NOW) },
    );
    const signatureOf = (header: unknown) => /Signature=([0-9a-f]{64})$/.exec(String(header))?.[1];
    const named = /SignedHeaders=([^,]+)/.exec(String(seen?.headers.authorization))?.[1];
    expect(named?.split(";")).toEqual(
      ["content-length", "host", "x-amz-date", "x-amz-security-token", ...Object.keys(headers)].sort(),
    );
    expect(seen?.body).toBe(BODY);
    expect(seen?.headers["x-amz-security-token"]).toBe("a session");
    expect(seen?.headers["x-amz-date"]).toBe("20261121T195906Z");
    const both = [signatureOf(seen?.headers.authorization), signatureOf(expected.headers.authorization)];
    expect(both[0]).toBe(both[1]);
  });

  test("keeps its connection for the next one", async () => {
    const ports = new Set<number | undefined>();
    const { post } = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("{}");
    });
    for (let n = 0; n < 3; n += 1)
      await post({ service: "dynamodb", headers: json, body: BODY, timeout: 5_000 });
    expect(ports.size).toBe(1);
  });

  test("is sent once more when the kept connection had been closed meanwhile", async () => {
    let requests = 0;
    const { post } = await serve((request, response) => {
      requests += 1;
      // The second one meets a connection that is closed on it.
      if (requests === 2) request.socket.resetAndDestroy();
      else response.end(`{"n":${requests}}`);
    });
    const ask = () => post({ service: "dynamodb", headers: json, body: BODY, timeout: 5_000 });
    expect((await ask()).body).toBe('{"n":1}');
    expect((await ask()).body).toBe('{"n":3}');
  });

  test("fails when a new connection is closed on it, and when the answer takes too long", async () => {
    const { post } = await serve((request, response, body) => {
      if (body === "reset") request.socket.resetAndDestroy();
      else setTimeout(() => response.end("{}"), 5_000).unref();
    });
    const ask = (body: string) => post({ service: "dynamodb", headers: json, body, timeout: 50 });
    await expect(ask("reset")).rejects.toThrow();
    await expect(ask("slow")).rejects.toThrow();
  });

  test("tells status, headers and body, whatever they are", async () => {
    const { post } = await serve((_request, response) => {
      response.writeHead(400, { "x-amzn-errortype": "ValidationException:http://internal" }).end("no JSON");
    });
    const answer = await post({ service: "lambda", headers: json, body: BODY, timeout: 5_000 });
    expect(answer).toMatchObject({ status: 400, body: "no JSON" });
    expect(answer.headers["x-amzn-errortype"]).toMatch(/^ValidationException/);
  });
});
