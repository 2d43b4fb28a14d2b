/** Numbers as people read them; pure, in the language of the page. */

const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `38.4 MiB` of a number of bytes. */
export function bytes(count: number, locale: string): string {
  const power = Math.min(
    UNITS.length - 1,
    Math.max(0, Math.floor(Math.log(Math.max(1, count)) / Math.log(KIB))),
  );
  const digits = power === 0 || count / KIB ** power >= 100 ? 0 : 1;
  const number = new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${number.format(count / KIB ** power)} ${UNITS[power]}`;
}

/** How much something has grown, e.g. `+4.2 %`; undefined without a value before, `±0 %` when nothing to speak of has changed. */
export function growth(now: number, before: number | undefined, locale: string): string | undefined {
  if (before === undefined || before === 0) return undefined;
  const change = now / before - 1;
  if (Math.abs(change) < 0.0005) return "±0 %";
  const digits = Math.abs(change) < 0.1 ? 1 : 0;
  const number = new Intl.NumberFormat(locale, {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
    signDisplay: "always",
  });
  return `${number.format(change * 100)} %`;
}

/** An amount in US dollars, to a tenth of a cent when it is small. */
export function dollars(amount: number, locale: string): string {
  const digits = amount < 1 ? 3 : 2;
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount);
}
