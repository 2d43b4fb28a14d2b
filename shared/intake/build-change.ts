import { z } from "zod";
import type { BuildReport } from "../pipeline/build-report.ts";
import type { Ignored } from "./codecommit-push.ts";

const variables = z.array(z.object({ name: z.string(), value: z.string() }));

/**
 * `CodeBuild Build State Change`,
 * https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html
 */
const schema = z.object({
  detail: z.object({
    "build-status": z.string(),
    "build-id": z.string(),
    "additional-information": z.object({
      environment: z.object({ "environment-variables": variables }),
      "exported-environment-variables": variables.optional(),
      logs: z
        .object({
          "group-name": z.string().optional(),
          "stream-name": z.string().optional(),
          "deep-link": z.string().optional(),
        })
        .optional(),
      phases: z
        .array(
          z.object({
            "phase-type": z.string(),
            "phase-status": z.string().optional(),
            "phase-context": z.array(z.string()).optional(),
          }),
        )
        .optional(),
    }),
  }),
});

/** Reads the event of a build; what is no such event is ignored with a reason. */
export function parseBuildChange(payload: unknown): BuildReport | Ignored {
  const parsed = schema.safeParse(payload);
  if (!parsed.success)
    return { type: "ignored", reason: `no CodeBuild event: ${z.prettifyError(parsed.error)}` };
  const { detail } = parsed.data;
  const information = detail["additional-information"];
  const exported = information["exported-environment-variables"];
  const { "group-name": group, "stream-name": stream, "deep-link": link } = information.logs ?? {};
  return {
    buildId: detail["build-id"],
    status: detail["build-status"],
    variables: byName(information.environment["environment-variables"]),
    ...(exported === undefined ? {} : { exported: byName(exported) }),
    failedPhases: (information.phases ?? []).flatMap((phase) => failedPhase(phase)),
    ...(group === undefined || stream === undefined
      ? {}
      : { log: { group, stream, ...(link === undefined ? {} : { link }) } }),
  };
}

function byName(list: z.infer<typeof variables>): Readonly<Record<string, string>> {
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function failedPhase(phase: {
  "phase-type": string;
  "phase-status"?: string | undefined;
  "phase-context"?: string[] | undefined;
}): BuildReport["failedPhases"] {
  const status = phase["phase-status"];
  if (status === undefined || status === "SUCCEEDED") return [];
  // The context is a list of texts, often " : " when there is nothing to say.
  const message = phase["phase-context"]?.find((text) => /\w/.test(text));
  return [{ phase: phase["phase-type"], ...(message === undefined ? {} : { message }) }];
}
