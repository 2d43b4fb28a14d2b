import { useEffect } from "preact/hooks";
import { Notice } from "../parts/small.tsx";
import type { Text } from "../text/text.ts";

/** What somebody sees who has not signed in. */
export function Welcome({
  t,
  problem,
  onSignIn,
}: {
  readonly t: Text;
  readonly problem: string | undefined;
  readonly onSignIn: () => void;
}) {
  useEffect(() => {
    document.title = `${t.signIn} · Tandem`;
  }, [t]);
  return (
    <main class="welcome" id="main">
      <svg class="welcome-mark" viewBox="0 0 64 40" aria-hidden="true" focusable="false">
        <path class="way-a" d="M4 10h22c8 0 8 10 16 10h18" />
        <path class="way-b" d="M4 30h22c8 0 8-10 16-10h18" />
        <circle cx="60" cy="20" r="4" />
      </svg>
      <h1>Tandem</h1>
      <p>{t.signInHint}</p>
      {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
      <button type="button" class="button" data-tone="strong" onClick={onSignIn}>
        {t.signIn}
      </button>
    </main>
  );
}
