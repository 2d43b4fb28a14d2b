import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { AwsError } from "../../service.ts";
import { checkPolicy } from "../api/lifecycle.ts";
import { deleteImage } from "../delete-image.ts";
import { readBody } from "../registry/exchange.ts";
import type { Registry } from "../registry.ts";
import { evaluatePolicy } from "./evaluate.ts";

const input = z.strictObject({
  repositoryName: z.string().optional(),
  /** Milliseconds since the epoch; now when left out. */
  at: z.number().optional(),
});

/**
 * `POST /_local/ecr/lifecycle`: does what ECR does by itself once a day, at the time that is named: expires what the
 * repositories' policies say, again and again until nothing more goes (what an index listed goes after the index).
 */
export function applyLifecycle(registry: Registry) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, content: unknown) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(content));
    };
    if (request.method !== "POST") return answer(405, { message: "use POST" });
    const text = (await readBody(request, 10_000))?.toString("utf8") ?? "";
    const parsed = input.safeParse(text === "" ? {} : JSON.parse(text));
    if (!parsed.success) return answer(400, { message: z.prettifyError(parsed.error) });
    const { repositoryName, at = registry.context.now() } = parsed.data;
    try {
      const names = repositoryName === undefined ? namesOf(registry) : [repositoryName];
      const expired: unknown[] = [];
      for (const name of names) expired.push(...(await expire(registry, name, at)));
      answer(200, { expired });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      answer(400, { message: error.message });
    }
  };
}

function namesOf({ repositories }: Registry): readonly string[] {
  return repositories.all().map(({ name }) => name);
}

async function expire(registry: Registry, repositoryName: string, at: number): Promise<readonly unknown[]> {
  const gone: unknown[] = [];
  for (;;) {
    const repository = registry.repositories.find(repositoryName);
    if (repository.lifecyclePolicy === undefined) return gone;
    const due = evaluatePolicy(checkPolicy(repository.lifecyclePolicy), repository, at);
    if (due.length === 0) return gone;
    for (const { image, tags, rulePriority } of due) {
      await deleteImage(registry, repositoryName, image.digest);
      gone.push({ repositoryName, imageDigest: image.digest, imageTags: tags, rulePriority });
    }
  }
}
