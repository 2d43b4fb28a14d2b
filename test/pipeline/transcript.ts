import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "@jest/globals";
import type { Story } from "./story.ts";

/**
 * Whole runs, as a release manager could read them: `transcripts/*.txt`. After a change that is meant, look at what
 * `UPDATE_TRANSCRIPTS=1 npm test -- test/pipeline/transcripts` makes of them.
 */
export function expectTranscript(name: string, story: Story): void {
  const file = new URL(`./transcripts/${name}.txt`, import.meta.url);
  const text = story.text();
  if (process.env.UPDATE_TRANSCRIPTS !== undefined) writeFileSync(file, text);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "(there is no transcript yet)").toBe(text);
}
