import {
  DescribeTaskDefinitionCommand,
  type DescribeTaskDefinitionCommandInput,
  type DescribeTaskDefinitionCommandOutput,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type RegisterTaskDefinitionCommandOutput,
} from "@aws-sdk/client-ecs";

/**
 * Task definitions with all their fields. The SDK leaves out what its version does not know, in what it sends and in what it
 * answers; a release must not lose what ECS has learnt since.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
 */

/** Sends the input as it is: JSON, as the API takes it. */
export function registerTaskDefinition(
  ecs: ECSClient,
  input: RegisterTaskDefinitionCommandInput,
): Promise<RegisterTaskDefinitionCommandOutput> {
  const command = new RegisterTaskDefinitionCommand(input);
  command.middlewareStack.add(
    (next) => (args) => {
      const { request } = args;
      if (isRecord(request)) Object.assign(request, { body: JSON.stringify(input) });
      return next(args);
    },
    { name: "wholeInput", step: "serialize", priority: "low" },
  );
  return ecs.send(command);
}

/** Adds to the SDK's answer what was in ECS's. */
export async function describeTaskDefinition(
  ecs: ECSClient,
  input: DescribeTaskDefinitionCommandInput,
): Promise<DescribeTaskDefinitionCommandOutput> {
  let raw: unknown;
  const command = new DescribeTaskDefinitionCommand(input);
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (isRecord(response) && response.statusCode === 200 && isStream(response.body)) {
        const content = await bytesOf(response.body);
        raw = JSON.parse(content.toString("utf8"));
        Object.assign(response, { body: new Uint8Array(content) });
      }
      return result;
    },
    { name: "wholeOutput", step: "deserialize", priority: "low" },
  );
  const answer = await ecs.send(command);
  if (isRecord(raw) && answer.taskDefinition !== undefined)
    complete(answer.taskDefinition, raw.taskDefinition);
  return answer;
}

/** Puts what only `whole` has into `known`. */
function complete(known: object, whole: unknown): void {
  if (!isRecord(whole)) return;
  for (const [key, value] of Object.entries(whole)) {
    const own: unknown = Reflect.get(known, key);
    if (own === undefined && value !== null) Object.assign(known, { [key]: value });
    else if (typeof own === "object" && own !== null && !(own instanceof Date)) complete(own, value);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isStream(value: unknown): value is AsyncIterable<Uint8Array> {
  return isRecord(value) && Symbol.asyncIterator in value;
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
