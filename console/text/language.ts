/** Languages that the console speaks. */
export const LANGUAGES = ["en", "ja"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The chosen language, or the first of the person's that the console speaks; English otherwise. */
export function languageOf(chosen: string | null, wanted: readonly string[]): Language {
  const candidates = chosen === null ? wanted : [chosen, ...wanted];
  for (const candidate of candidates) {
    const found = LANGUAGES.find((language) => candidate.toLowerCase().split("-")[0] === language);
    if (found !== undefined) return found;
  }
  return "en";
}
