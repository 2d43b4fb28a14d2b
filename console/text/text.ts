import { en } from "./en.ts";
import { ja } from "./ja.ts";
import type { Language } from "./language.ts";

/** Everything the page says. A language that lacks a sentence, or says it of other things, does not compile. */
export type Text = typeof en;

export function textOf(language: Language): Text {
  return language === "ja" ? ja : en;
}
