/** What looks like a secret, in the order it is looked for; each keeps what says which kind it was. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b((?:AKIA|ASIA)[A-Z0-9]{4})[A-Z0-9]{12}\b/g, "$1…"],
  [/\b(gh[pousr]_)[A-Za-z0-9]{20,}/g, "$1…"],
  [/\b(github_pat_)[A-Za-z0-9_]{20,}/g, "$1…"],
  [/\b(eyJ[A-Za-z0-9_-]{8})[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, "$1…"],
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "$1…"],
  [/^[\s\S]*(-----END [A-Z ]*PRIVATE KEY-----)/g, "…$1"],
  [/(:\/\/[^/\s:@]+:)[^/\s@]+@/g, "$1…@"],
  [/\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi, "$1…"],
  [
    /((?:secret|token|password|passwd|authorization|api[_-]?key)[\w-]{0,40}["']?\s*[:=]\s*["']?)(?!(?:bearer|basic)\s)[^\s"',;]{6,}/gi,
    "$1…",
  ],
  [/((?:^|\s)--(?:password|token|secret)[= ]\s*["']?)[^\s"']+/g, "$1…"],
];

/** Takes secrets out of a text that is stored or shown: the one place where this happens. */
export function redact(text: string): string {
  return SECRETS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}
