import type { Address } from "../address.ts";
import type { TandemApi } from "../api.ts";
import type { CliContext } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import type { Check } from "./check.ts";

/** Whether Tandem answers, and lets in who asks. A Failure's sentence ends with the remedy. */
export async function checkApi(
  api: TandemApi,
  { url, local, signedIn }: Address,
  { environment, signal }: CliContext,
): Promise<readonly Check[]> {
  const reached: Check = { status: "ok", name: "http-api", says: `Tandem answers at ${url}` };
  try {
    await api.runs(1);
    const { AWS_ACCESS_KEY_ID: key, AWS_PROFILE: profile } = environment;
    const as = signedIn
      ? "by the token of `tandem login`"
      : key
        ? `as the access key ${key}`
        : profile
          ? `as the profile ${profile}`
          : local
            ? "without a signature, as this machine's release manager `local`"
            : "with the credentials that the AWS SDK found";
    return [reached, { status: "ok", name: "caller", says: `lets you in ${as}` }];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    const { code, exitCode, message: says } = error;
    if (exitCode !== EXIT.denied) return [{ status: "missing", name: "http-api", says }];
    const unasked: Check = { status: "unknown", name: "http-api", says: `${url} was not asked` };
    return [code === "no-credentials" ? unasked : reached, { status: "missing", name: "caller", says }];
  }
}
