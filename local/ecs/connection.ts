import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readBody, replyJson } from "../aws/http.ts";
import { AwsError } from "../service.ts";
import { lastPart } from "./arns.ts";
import type { Ecs } from "./ecs.ts";
import { parse } from "./input.ts";
import { setConnected } from "./instances.ts";

const maxBodyBytes = 64 * 1024;
const schema = z.strictObject({
  cluster: z.string().optional(),
  containerInstance: z.string({ error: "a container instance's id or ARN is required" }),
  connected: z.boolean({ error: "true or false is required" }),
});

/**
 * `POST /_local/ecs/agent`: cuts the connection of a container instance's agent, or restores it. AWS has no such operation:
 * there it is the host's network that goes.
 */
export function agentControl(ecs: Ecs) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (request.method !== "POST" || request.url !== "/_local/ecs/agent") {
        replyJson(response, 404, {
          message: `there is no ${request.method} ${request.url}: POST /_local/ecs/agent`,
        });
        return;
      }
      const wanted = parse(schema, await bodyOf(request));
      const cluster = ecs.state.cluster(wanted.cluster);
      const arn = ecs.arns.ecs(`container-instance/${cluster.name}/${lastPart(wanted.containerInstance)}`);
      const instance = ecs.state.instances.get(arn);
      if (instance === undefined) {
        replyJson(response, 404, {
          message: `there is no container instance ${arn}: aws ecs list-container-instances --cluster ${cluster.name} lists them`,
        });
        return;
      }
      setConnected(ecs, instance, wanted.connected);
      await ecs.store.save();
      replyJson(response, 200, { containerInstanceArn: arn, agentConnected: instance.agentConnected });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      replyJson(response, error.status, { message: error.message });
    }
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request, maxBodyBytes)).toString();
  try {
    return JSON.parse(text);
  } catch {
    throw new AwsError("InvalidParameterException", "the body must be JSON");
  }
}
