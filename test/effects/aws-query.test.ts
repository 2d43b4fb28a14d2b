import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { awsQuery, descendants, parseXml, textOf } from "../../shared/effects/aws-query.ts";

let close: () => void = () => undefined;
afterEach(() => close());

/** An AWS that answers everything alike, and what it was asked. */
async function answering(status: number, body: string) {
  const asked: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    asked.push({ headers: request.headers, body: text });
    response.writeHead(status, { "content-type": "text/xml" }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  close = () => server.close();
  const { port } = server.address() as AddressInfo;
  const query = awsQuery({
    region: async () => "eu-west-1",
    credentials: async () => ({ accessKeyId: "alice", secretAccessKey: "secret", sessionToken: "token" }),
    endpoint: `http://127.0.0.1:${port}/`,
  });
  return { query, asked };
}

test("signs a form for the service and reads the XML", async () => {
  const { query, asked } = await answering(
    200,
    "<R><A>1</A><Set><item><A>2 &lt; 3 &#38; 4</A></item><item/></Set></R>",
  );
  const answer = await query("ec2", "2016-11-15", "DescribeLaunchTemplateVersions", {
    LaunchTemplateId: "lt-1",
  });
  expect(descendants(answer, "A").map(({ text }) => text)).toEqual(["1", "2 < 3 & 4"]);
  expect(descendants(answer, "Set")[0]?.children).toHaveLength(2);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body).toBe(
    "Action=DescribeLaunchTemplateVersions&Version=2016-11-15&LaunchTemplateId=lt-1",
  );
  expect(asked[0]?.headers.authorization).toMatch(/Credential=alice\/\d{8}\/eu-west-1\/ec2\/aws4_request/);
  expect(asked[0]?.headers["x-amz-security-token"]).toBe("token");
});

test.each([
  [
    "EC2's",
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>you may not</Message></Error></Errors></Response>",
  ],
  [
    "Auto Scaling's",
    "<ErrorResponse><Error><Type>Sender</Type><Code>UnauthorizedOperation</Code><Message>you may not</Message></Error></ErrorResponse>",
  ],
])("throws %s error under its documented name", async (_whose, body) => {
  const { query } = await answering(403, body);
  await expect(query("ec2", "2016-11-15", "X", {})).rejects.toMatchObject({
    name: "UnauthorizedOperation",
    message: "ec2: you may not",
  });
});

test("an answer that is no XML is an error, not a result", async () => {
  const { query } = await answering(400, "nonsense");
  await expect(query("autoscaling", "2011-01-01", "Describe", {})).rejects.toThrow(
    "Describe was answered with 400",
  );
});

test("broken XML gives what can be read of it", () => {
  const root = parseXml("</x><!-- <no/> --><a><b>1</b><c><d>2</a>");
  expect(descendants(root, "d").map(({ text }) => text)).toEqual(["2"]);
  expect(textOf(root, "a")).toBeUndefined();
});
