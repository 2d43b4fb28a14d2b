/** Why a message was not sent, as far as anybody can tell. */
export class SendError extends Error {
  /**
   * `final`: refused for good; `later`: not taken now, or said so that once more changes nothing; `lost`: no answer, and
   * perhaps taken all the same.
   */
  readonly kind: "final" | "later" | "lost";
  /** The channel's own word for it, e.g. `channel_not_found`. */
  readonly code: string;

  constructor(kind: SendError["kind"], code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "SendError";
    this.kind = kind;
    this.code = code;
  }
}

/** Nobody was there to hear it. */
const UNHEARD = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

/** What `fetch` rejects with: an answer that never came may have been to a message that did arrive. */
export function silenceOf(cause: unknown, who: string): SendError {
  const late = cause instanceof Error && cause.name === "TimeoutError";
  if (late) return new SendError("lost", "timeout", `${who} did not answer in time`, cause);
  const code = codeOf(cause);
  return new SendError(
    code !== undefined && UNHEARD.includes(code) ? "later" : "lost",
    code ?? "no-answer",
    `${who} cannot be reached (${code ?? String(cause)})`,
    cause,
  );
}

/** Does the second where the first is refused with this code. */
export async function unless<T>(code: string, first: () => Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first();
  } catch (error) {
    if (error instanceof SendError && error.code === code) return second();
    throw error;
  }
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return "cause" in cause ? codeOf(cause.cause) : undefined;
}
