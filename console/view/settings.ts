import { type Language, languageOf } from "../text/language.ts";

/** What a person has chosen for this browser: nothing secret. */

const LANGUAGE = "tandem.language";
const THEME = "tandem.theme";

export function chosenLanguage(): Language {
  return languageOf(localStorage.getItem(LANGUAGE), navigator.languages);
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(LANGUAGE, language);
}

/** The chosen colours, or those the system wants. */
export function isDark(): boolean {
  const chosen = localStorage.getItem(THEME);
  return chosen === null ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

export function keepTheme(dark: boolean): void {
  localStorage.setItem(THEME, dark ? "dark" : "light");
  showTheme(dark);
}

export function showTheme(dark: boolean): void {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
