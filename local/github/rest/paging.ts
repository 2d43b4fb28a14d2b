import type { Call } from "./call.ts";

const DEFAULT_PER_PAGE = 30;
const MAXIMUM_PER_PAGE = 100;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** `Link`, when there is another page. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Which page is asked for. */
export function pageOf({ url }: Call, perPage: number = DEFAULT_PER_PAGE) {
  const number = (name: string, otherwise: number): number => {
    const given = Number(url.searchParams.get(name) ?? otherwise);
    return Number.isInteger(given) && given > 0 ? given : otherwise;
  };
  return {
    page: number("page", 1),
    perPage: Math.min(number("per_page", perPage), Math.max(perPage, MAXIMUM_PER_PAGE)),
  };
}

/**
 * The page that is asked for, with the addresses of the others.
 * https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
 */
export function paged<Item>(call: Call, items: readonly Item[], perPageDefault?: number): Page<Item> {
  const { page, perPage } = pageOf(call, perPageDefault);
  const start = (page - 1) * perPage;
  return { items: items.slice(start, start + perPage), headers: links(call, page, perPage, items.length) };
}

export function links(
  { url }: Call,
  page: number,
  perPage: number,
  total: number,
): Readonly<Record<string, string>> {
  const last = Math.max(1, Math.ceil(total / perPage));
  const others: readonly (readonly [string, number])[] = [
    ...(page > 1 ? ([["prev", Math.min(page - 1, last)]] as const) : []),
    ...(page < last
      ? ([
          ["next", page + 1],
          ["last", last],
        ] as const)
      : []),
    ...(page > 1 ? ([["first", 1]] as const) : []),
  ];
  if (others.length === 0) return {};
  const link = others.map(([rel, number]) => {
    const address = new URL(url);
    address.searchParams.set("page", String(number));
    return `<${address}>; rel="${rel}"`;
  });
  return { link: link.join(", ") };
}
