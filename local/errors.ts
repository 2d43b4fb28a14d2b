/**
 * Looking at caught values. By shape, not by `instanceof Error`: Node's own errors belong to another realm where a test
 * runner gives every file its own globals.
 */

/** Whether a caught value is an error of the system with this code, e.g. `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === code;

/** A caught value in words. */
export const reasonOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
