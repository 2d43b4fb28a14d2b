import { request } from "node:http";
import type { TargetGroup } from "./types.ts";

type Check = TargetGroup["healthCheck"];

/** Whether a status is one of `200`, `200,202` or `200-299`. */
export function matches(matcher: string, status: number): boolean {
  return matcher.split(",").some((part) => {
    const [from = "", to = from] = part.trim().split("-");
    return status >= Number(from) && status <= Number(to);
  });
}

/** The answer of one health check. */
export type Probe =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly text: string };

/** Asks a target once. Never throws. */
export function probe(port: number, check: Check): Promise<Probe> {
  return new Promise((resolve) => {
    const failed = (reason: string, text: string): void => resolve({ ok: false, reason, text });
    const asked = request(
      { host: "127.0.0.1", port, path: check.path, agent: false, timeout: check.timeoutSeconds * 1000 },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        if (matches(check.matcher, status)) resolve({ ok: true });
        else
          failed("Target.ResponseCodeMismatch", `Health checks failed with these codes: [${String(status)}]`);
      },
    );
    asked.setHeader("user-agent", "ELB-HealthChecker/2.0");
    asked.on("timeout", () => {
      failed("Target.Timeout", "Request timed out");
      asked.destroy();
    });
    asked.on("error", () => failed("Target.FailedHealthChecks", "Health checks failed"));
    asked.end();
  });
}
