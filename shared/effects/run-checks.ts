import * as z from "zod";
import { type Check, SEVERITIES, type Severity } from "../pipeline/definition.ts";
import type { CheckResult } from "../pipeline/events.ts";
import { indexChildren } from "../pipeline/index-children.ts";
import { redact } from "../pipeline/redact.ts";
import type { Run, Stage } from "../pipeline/run.ts";
import { alarmFault } from "./alarms.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";

/** Milliseconds that whoever is asked has to answer: a function may take a quarter of an hour, an address for ever. */
const PATIENCE_MS = 10_000;
/** Characters of a reason that are kept. */
const REASON = 500;

/**
 * Asks every check of a stage, side by side. What cannot be asked, or does not answer in time, has not passed.
 * @param patience milliseconds that each has to answer
 */
export async function runChecks(
  context: EffectContext,
  run: Run,
  stage: Stage,
  patience = PATIENCE_MS,
): Promise<Outcome> {
  const { name, checks = [] } = stage.definition;
  const results = await Promise.all(
    checks.map(async (check): Promise<CheckResult> => {
      const title = checkName(check);
      try {
        const why = await within(patience, (signal) => ask(context, run, stage, check, signal));
        return why === undefined
          ? { name: title, state: "passed" }
          : { name: title, state: "failed", why: redact(why).slice(0, REASON) };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { name: title, state: "failed", why: redact(`could not be asked: ${why}`).slice(0, REASON) };
      }
    }),
  );
  return facts({ type: "checks.reported", at: context.now(), stage: name, results });
}

function checkName(check: Check): string {
  switch (check.type) {
    case "lambda":
      return `function ${check.function}`;
    case "http":
      return `GET ${check.url}`;
    case "alarm":
      return `alarm ${check.alarm}`;
    case "scan":
      return `no findings of severity ${check.severity} or above`;
  }
}

/** What is said of whoever has not answered in time; whatever they answer later is not heard. */
async function within(
  patience: number,
  asked: (signal: AbortSignal) => Promise<string | undefined>,
): Promise<string | undefined> {
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve(`it has not answered within ${patience / 1000} seconds`);
      late.abort();
    }, patience);
  });
  try {
    return await Promise.race([asked(late.signal), over]);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns why it has not passed; undefined when it has */
function ask(
  context: EffectContext,
  run: Run,
  stage: Stage,
  check: Check,
  signal: AbortSignal,
): Promise<string | undefined> {
  switch (check.type) {
    case "lambda":
      return askFunction(context, run, stage, check.function);
    case "http":
      return askAddress(check.url, signal);
    case "alarm":
      return askAlarm(context, check.alarm);
    case "scan":
      return askScans(context, run, check.severity);
  }
}

const answerSchema = z.object({ ok: z.boolean(), reason: z.string().optional() });

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
async function askFunction(
  { aws }: EffectContext,
  run: Run,
  stage: Stage,
  name: string,
): Promise<string | undefined> {
  const payload = {
    run: run.id,
    pipeline: run.definition.name,
    stage: stage.definition.name,
    commit: run.revision.commit,
    release: stage.gate?.release,
  };
  const { Payload, FunctionError } = await aws.lambda.invoke({
    FunctionName: name,
    Payload: Buffer.from(JSON.stringify(payload)),
  });
  const text = Payload === undefined ? "" : Buffer.from(Payload).toString("utf8");
  if (FunctionError !== undefined) return `it failed: ${errorOf(text)}`;
  const answer = answerSchema.safeParse(JSON.parse(text === "" ? "null" : text));
  if (!answer.success)
    return `it answered ${text || "nothing"}, not {"ok": true} or {"ok": false, "reason": "…"}`;
  return answer.data.ok ? undefined : (answer.data.reason ?? "it said no");
}

const errorSchema = z.object({ errorType: z.string().optional(), errorMessage: z.string() });

/** What a function has thrown, without its stack: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function errorOf(text: string): string {
  try {
    const { errorType, errorMessage } = errorSchema.parse(JSON.parse(text));
    return errorType === undefined ? errorMessage : `${errorType}: ${errorMessage}`;
  } catch {
    return text;
  }
}

async function askAddress(url: string, signal: AbortSignal): Promise<string | undefined> {
  const response = await fetch(url, { redirect: "follow", signal, headers: { "user-agent": "tandem" } });
  await response.body?.cancel();
  return response.ok ? undefined : `it answered ${response.status}`;
}

async function askAlarm({ aws }: EffectContext, name: string): Promise<string | undefined> {
  return (await alarmFault(aws, [name], ["OK"]))?.reason;
}

/**
 * Every image of the release on every architecture: ECR scans the platforms' images, not their index.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 */
async function askScans({ aws }: EffectContext, run: Run, severity: Severity): Promise<string | undefined> {
  const counted = SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1).map((one) => one.toUpperCase());
  const children = run.images.flatMap((image) =>
    indexChildren(image).map((child) => ({ ...child, image: image.definition.name })),
  );
  const said = await Promise.all(
    children.map(async ({ image, digest, platform }) => {
      const where = platform === undefined ? "" : `${platform} of `;
      const what = `${where}${image}@${digest.slice(0, 19)}…`;
      try {
        const { imageScanStatus, imageScanFindings } = await aws.ecr.describeImageScanFindings({
          repositoryName: image,
          imageId: { imageDigest: digest },
          maxResults: 1,
        });
        const status = imageScanStatus?.status ?? "unknown";
        if (status !== "COMPLETE" && status !== "ACTIVE") return [`the scan of ${what} is ${status}`];
        const counts = imageScanFindings?.findingSeverityCounts ?? {};
        const found = counted.flatMap((one) => {
          const count = counts[one as keyof typeof counts] ?? 0;
          return count === 0 ? [] : [`${count} ${one}`];
        });
        return found.length === 0 ? [] : [`${what} has ${found.join(", ")}`];
      } catch (error) {
        if (!isError(error, "ScanNotFoundException", "ImageNotFoundException")) throw error;
        return [`${what} has not been scanned`];
      }
    }),
  );
  const faults = said.flat();
  return faults.length === 0 ? undefined : faults.join(" · ");
}
