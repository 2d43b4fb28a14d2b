import { Readable } from "node:stream";
import { DescribeTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { z } from "zod";
import type { AwsClients } from "./clients.ts";

/** The field of the containers that the SDK does not know, as ECS says it. */
export async function unknownFields(
  { ecs }: AwsClients,
  taskDefinition: string,
): Promise<readonly unknown[]> {
  let text = "";
  const command = new DescribeTaskDefinitionCommand({ taskDefinition });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = z
        .object({ response: z.looseObject({ body: z.instanceof(Readable) }) })
        .parse(result);
      for await (const chunk of response.body) text += String(chunk);
      return { ...result, response: Object.assign(result.response ?? {}, { body: Buffer.from(text) }) };
    },
    { step: "deserialize", priority: "low" },
  );
  await ecs.send(command);
  const containers = z.array(z.looseObject({ notYetKnown: z.unknown() }));
  const whole = z.object({ taskDefinition: z.object({ containerDefinitions: containers }) });
  return whole.parse(JSON.parse(text)).taskDefinition.containerDefinitions.map((one) => one.notYetKnown);
}
