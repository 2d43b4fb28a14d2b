/** Whether every word of a query is somewhere in the texts. Without case; an empty query matches. */
export function matches(query: string, texts: readonly (string | undefined)[]): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = texts
    .filter((one) => one !== undefined)
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
