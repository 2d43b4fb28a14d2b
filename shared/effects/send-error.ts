/** Why a message was not sent, as far as anybody can tell. */
export class SendError extends Error {
  /** `final`: refused for good; `later`: not taken now; `lost`: no answer, and perhaps taken all the same. */
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

/** What `fetch` rejects with: an answer that never came may have been to a message that did arrive. */
export function silenceOf(cause: unknown, who: string, milliseconds: number): SendError {
  const late = cause instanceof Error && cause.name === "TimeoutError";
  if (late) return new SendError("lost", "timeout", `${who} did not answer within ${milliseconds} ms`, cause);
  const code = codeOf(cause);
  // Nobody was there to hear it.
  const unheard = code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN";
  return new SendError(
    unheard ? "later" : "lost",
    code ?? "no-answer",
    `${who} cannot be reached (${code ?? String(cause)})`,
    cause,
  );
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return "cause" in cause ? codeOf(cause.cause) : undefined;
}
