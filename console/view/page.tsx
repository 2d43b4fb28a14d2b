import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Notice } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import type { Live } from "./live.ts";

/** The frame of a page: its heading takes the focus when somebody comes here, and its title goes to the tab. */
export function Page({
  title,
  heading,
  aside,
  live,
  children,
}: {
  readonly title: string;
  readonly heading?: ComponentChildren;
  readonly aside?: ComponentChildren;
  readonly live?: Pick<Live<unknown>, "value" | "error" | "refresh">;
  readonly search?: string;
  readonly children: ComponentChildren;
}) {
  const { t } = useConsole();
  const top = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Tandem`;
  }, [title]);
  // Before the page is painted: whoever sees it and presses a key at once keeps the focus that the key gave.
  useLayoutEffect(() => {
    // Whoever types into the search goes on typing.
    if (document.activeElement instanceof HTMLInputElement) return;
    top.current?.focus({ preventScroll: true });
  }, []);
  const waiting = live !== undefined && live.value === undefined && live.error === undefined;
  return (
    <main id="main" aria-busy={waiting}>
      <div class="heading">
        <h1 ref={top} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {aside}
      </div>
      {live?.error !== undefined && <Trouble live={live} />}
      {waiting && <p class="empty">{t.loading}</p>}
      {children}
    </main>
  );
}

function Trouble({ live }: { readonly live: Pick<Live<unknown>, "value" | "error" | "refresh"> }) {
  const { t } = useConsole();
  const { error, value, refresh } = live;
  if (error === undefined) return null;
  const said = error.status === 0 ? t.offline : error.message;
  return (
    <Notice tone="bad">
      {value === undefined ? said : `${t.stale} ${said}`}{" "}
      <button type="button" class="link" onClick={refresh}>
        {t.tryAgain}
      </button>
    </Notice>
  );
}
