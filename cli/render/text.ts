/** Colours by what they mean; without a terminal they are the text itself. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly waiting: (text: string) => string;
  readonly busy: (text: string) => string;
}

/** SGR parameters, https://www.ecma-international.org/publications-and-standards/standards/ecma-48/. */
export function createPaint(colours: boolean): Paint {
  const sgr = (parameters: string) => (text: string) =>
    colours && text !== "" ? `\u001b[${parameters}m${text}\u001b[0m` : text;
  return {
    strong: sgr("1"),
    faint: sgr("2"),
    good: sgr("32"),
    bad: sgr("31"),
    waiting: sgr("33"),
    busy: sgr("36"),
  };
}

/** Select Graphic Rendition: what `createPaint` puts around a text. It takes no room. */
const SGR = new RegExp(`(${String.fromCharCode(27)}\\[\\d+m)`);

/** The columns that a painted text takes. */
export function width(text: string): number {
  return text.split(SGR).reduce((sum, part) => sum + (SGR.test(part) ? 0 : [...part].length), 0);
}

/** A painted text, cut to so many columns. */
export function cut(text: string, columns: number): string {
  let free = columns;
  return text
    .split(SGR)
    .map((part) => {
      if (SGR.test(part)) return part;
      const kept = [...part].slice(0, Math.max(0, free)).join("");
      free -= [...part].length;
      return kept;
    })
    .join("");
}

const GOOD = ["succeeded", "published"];
const BAD = ["failed", "rolled-back", "refused", "expired", "stopped"];
const WAITING = ["gated", "waiting", "superseded"];
const IDLE = ["pending", "unpublished", "not reached"];

/** A status in the colour of its kind. */
export function paintStatus(paint: Paint, status: string, text = status): string {
  if (GOOD.includes(status)) return paint.good(text);
  if (BAD.includes(status)) return paint.bad(text);
  if (WAITING.includes(status)) return paint.waiting(text);
  return IDLE.includes(status) ? paint.faint(text) : paint.busy(text);
}

/**
 * What came from elsewhere must move no cursor and turn no line around: control characters, and those that change the direction
 * of writing (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters), become a visible stand-in.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => (character === "\t" ? " " : "\u{fffd}"));
}

/** Every text inside a value made printable. */
export function printableDeep<T>(value: T): T;
export function printableDeep(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map((item: unknown) => printableDeep(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [printable(key), printableDeep(item)]),
  );
}

export const shortCommit = (commit: string): string => commit.slice(0, 7);

/** `sha256:0123456789ab`: enough to tell two apart, and what registries show. */
export const shortDigest = (digest: string): string =>
  digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");

/** `2026-11-21 20:31:05`, in UTC. */
export const clock = (iso: string): string => iso.slice(0, 19).replace("T", " ");

/** `850 ms`, `12.3 s`, `4 min 05 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Bytes with a decimal unit, as registries show them. */
export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(SIZE_UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${SIZE_UNITS[power] ?? "B"}`;
}
