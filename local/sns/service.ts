import { replyJson } from "../aws/http.ts";
import type { LocalContext, LocalService } from "../service.ts";
import { topicOperations } from "./operations.ts";
import { subscriptionResource, topicResource } from "./resources.ts";
import { Topics } from "./topics.ts";

/**
 * SNS, as far as messages need it: topics and subscriptions of the template, and Publish. Nothing leaves this machine: what
 * has been published is read at `/_local/sns/messages`.
 */
export async function createSns(
  context: Pick<LocalContext, "accountId" | "region" | "now">,
): Promise<LocalService> {
  const topics = new Topics(context);
  return {
    query: { version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" },
    operations: topicOperations(topics),
    resources: {
      "AWS::SNS::Topic": topicResource(topics),
      "AWS::SNS::Subscription": subscriptionResource(topics),
    },
    routes: {
      "/_local/sns/": async (request, response) => {
        const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
        if (request.method === "GET" && pathname === "/_local/sns/messages")
          replyJson(response, 200, { messages: topics.published });
        else
          replyJson(response, 404, {
            message: `there is no ${request.method} ${pathname}: GET /_local/sns/messages`,
          });
      },
    },
    close: async () => {},
  };
}
