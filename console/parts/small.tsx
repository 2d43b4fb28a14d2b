import type { ComponentChildren } from "preact";
import { plain, shortCommit, shortDigest } from "../format/names.ts";
import { moment, relative } from "../format/time.ts";
import { useConsole } from "../view/context.ts";
import { useNow } from "../view/use-now.ts";

/** A moment: how long ago, and exactly when on demand. */
export function When({ at }: { readonly at: string | number | undefined }) {
  const { locale } = useConsole();
  const now = useNow(10_000);
  if (at === undefined) return null;
  const instant = new Date(at);
  if (Number.isNaN(instant.getTime())) return null;
  return (
    <time dateTime={instant.toISOString()} title={moment(instant.getTime(), locale)}>
      {relative(instant.getTime(), now, locale)}
    </time>
  );
}

export function Commit({ commit, link }: { readonly commit: string; readonly link?: string | undefined }) {
  const text = <code class="commit">{shortCommit(commit)}</code>;
  return safeLink(link) === undefined ? (
    <span title={commit}>{text}</span>
  ) : (
    <a href={link} title={commit} rel="noreferrer" target="_blank">
      {text}
    </a>
  );
}

/** Only addresses of the web are links; whatever else somebody wrote is text. */
export function safeLink(link: string | undefined): string | undefined {
  return link !== undefined && /^https?:\/\//i.test(link) ? link : undefined;
}

export function Digest({ digest }: { readonly digest: string }) {
  return (
    <code class="digest" title={digest}>
      {shortDigest(digest)}
    </code>
  );
}

/** Text that somebody else has written. */
export function Foreign({ text }: { readonly text: string }) {
  return <bdi>{plain(text)}</bdi>;
}

/** A sign for a status; the word beside it says the same. */
export function Sign({ status }: { readonly status: string }) {
  return <span class="sign" data-tone={toneOf(status)} aria-hidden="true" />;
}

export function Status({ status }: { readonly status: string }) {
  const { t } = useConsole();
  return (
    <span class="status" data-tone={toneOf(status)}>
      <Sign status={status} />
      {t.status(status)}
    </span>
  );
}

export type Tone = "good" | "bad" | "busy" | "waits" | "quiet";

export function toneOf(status: string): Tone {
  switch (status) {
    case "succeeded":
    case "published":
      return "good";
    case "failed":
    case "rolled-back":
    case "refused":
    case "expired":
    case "held":
      return "bad";
    case "building":
    case "publishing":
    case "staging":
    case "deploying":
    case "running":
    case "requested":
    case "in-progress":
      return "busy";
    case "gated":
    case "paused":
      return "waits";
    default:
      return "quiet";
  }
}

export function Notice({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <div class="notice" data-tone={tone} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** An architecture by its name and its colour. */
export function Arch({ name, children }: { readonly name: string; readonly children?: ComponentChildren }) {
  return (
    <span class="arch" data-arch={name}>
      {children ?? name}
    </span>
  );
}
