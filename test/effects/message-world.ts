import { awsRequest } from "../../functions/aws-request.ts";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { createEvents } from "../../local/events/service.ts";
import { LocalServer } from "../../local/server.ts";
import type { LocalContext } from "../../local/service.ts";
import { createSlack } from "../../local/slack/service.ts";
import { createSns } from "../../local/sns/service.ts";
import { awsHttp } from "../../shared/effects/aws-http.ts";
import { eventBridgePut, snsPublish } from "../../shared/effects/aws-messages.ts";
import { awsQuery } from "../../shared/effects/aws-query.ts";
import type { Messenger } from "../../shared/effects/messenger.ts";
import { parseSlackSecret, slackApi } from "../../shared/effects/slack-api.ts";
import { Slack } from "../end-to-end/support/slack.ts";

/** Slack, SNS and EventBridge as they are on this machine, over HTTP, and what sends to them. */
export async function messageWorld() {
  const server = await LocalServer.listen(0);
  const url = `http://127.0.0.1:${server.port}`;
  const place = { url, registryHost: "", accountId: "000000000000", region: "us-east-1", stateDir: "" };
  const context: LocalContext = {
    ...place,
    now: Date.now,
    say: () => {},
    emit: () => {},
    logs: { put: () => {} },
  };
  const slack = await createSlack(context);
  const sns = await createSns(context);
  const events = createEvents(context, { invokeAsync: () => {}, allows: () => true });
  const services = new Map(Object.entries({ slack, sns, events }));
  const faults = new FaultSwitch();
  const endpoint = new AwsEndpoint({
    ...{ services, faults, calls: new CallLog(), accountId: "000000000000", now: Date.now, say: () => {} },
  });
  const notFound = async () => {};
  server.serve({
    ...{ endpoint, services: services.values(), gateway: { handle: notFound }, control: notFound },
    say: () => {},
  });
  const topic = await sns.resources?.["AWS::SNS::Topic"]?.({
    logicalId: "Topic",
    type: "AWS::SNS::Topic",
    properties: { TopicName: "tandem-releases" },
  });
  const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };
  const signing = { region: async () => "us-east-1", credentials: async () => credentials, endpoint: url };
  let secret = slack.secret();
  const messenger: Messenger = {
    consoleUrl: `${url}/console/`,
    topics: { releases: topic?.ref ?? "" },
    slack: slackApi({ url: slack.apiUrl, secret: async () => parseSlackSecret(secret), timeout: 20_000 }),
    publish: snsPublish(awsQuery(signing)),
    putEvent: eventBridgePut(
      awsHttp(
        awsRequest({
          ...{ region: "us-east-1", endpoint: url },
          ...{ credentials: () => credentials, now: Date.now },
        }),
      ),
    ),
  };
  const read = async (path: string) => (await fetch(url + path)).json();
  return {
    url,
    messenger,
    faults,
    slack: new Slack(url),
    setSecret: (content: unknown) => {
      secret = JSON.stringify(content);
    },
    published: () => read("/_local/sns/messages"),
    events: () => read("/_local/events"),
    close: async () => {
      await events.close();
      await server.close();
    },
  };
}

export type MessageWorld = Awaited<ReturnType<typeof messageWorld>>;
