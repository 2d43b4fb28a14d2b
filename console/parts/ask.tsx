import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../net/api.ts";
import { useConsole } from "../view/context.ts";
import { Notice } from "./small.tsx";

export interface AskProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What the button says. */
  readonly act: string;
  readonly tone?: "bad" | "plain";
  readonly reason: "none" | "optional" | "required";
  /** Whether what stands among the children is as it must be. */
  readonly ready?: boolean;
  readonly onAct: (reason: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before something is done that others will feel. */
export function Ask({
  title,
  children,
  act,
  tone = "plain",
  reason,
  ready = true,
  onAct,
  onClose,
}: AskProps) {
  const { t } = useConsole();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const acting = useRef(false);
  const id = useId();

  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);

  const submit = async (event: Event) => {
    event.preventDefault();
    // A double click decides once.
    if (acting.current) return;
    acting.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      await onAct(text.trim());
      dialog.current?.close();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
      acting.current = false;
    }
  };

  return (
    <dialog ref={dialog} class="ask" aria-labelledby={`${id}-title`} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={`${id}-title`}>{title}</h2>
        {children}
        {reason !== "none" && (
          <>
            <label for={`${id}-reason`}>{reason === "required" ? t.reason : t.commentOptional}</label>
            <textarea
              id={`${id}-reason`}
              rows={3}
              maxLength={2000}
              required={reason === "required"}
              value={text}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </>
        )}
        {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
        <div class="actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {t.cancel}
          </button>
          <button
            type="submit"
            class="button"
            data-tone={tone === "bad" ? "bad" : "strong"}
            aria-disabled={busy}
            disabled={!ready || (reason === "required" && text.trim() === "")}
          >
            {act}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** What a failed act says; the API's own words where it has some. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return [error.message, ...error.changed].join(" · ");
  return error instanceof Error ? error.message : String(error);
}
