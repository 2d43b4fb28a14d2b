import { createHash } from "node:crypto";
import type { Answer } from "./http.ts";
import { USERNAMES } from "./people.ts";

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; }
main { width: min(22rem, 100vw - 2rem); }
h1 { font-size: 1.4rem; }
label { display: block; margin-top: 1rem; }
input, button { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; border-radius: .3rem; }
input { border: 1px solid GrayText; }
button { margin-top: 1.5rem; border: 0; background: LinkText; color: Canvas; cursor: pointer; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
[role=alert] { padding: .6rem; border: 2px solid; border-radius: .3rem; }
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/**
 * A page without scripts.
 * @param formTargets origins that a form's answer may lead to, besides the issuer's own
 */
function page(status: number, title: string, content: string, formTargets: readonly string[]): Answer {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action ${["'self'", ...formTargets].join(" ")}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
      // Without a referrer a form has no origin either, and the endpoint would take it for a stranger's.
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${content}
</main>
</body>
</html>
`,
  };
}

export interface SignInForm {
  /** What the authorization endpoint was asked; comes back with the form. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly username: string;
  /** Why the form is shown again. */
  readonly problem: string | undefined;
  /** Where the answer to the form leads. */
  readonly target: string;
}

export function signInPage({ parameters, username, problem, target }: SignInForm): Answer {
  const hidden = Object.entries(parameters).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const alert = problem === undefined ? "" : `<p role="alert">${escaped(problem)}</p>`;
  const content = `${alert}
<form method="post" action="/oidc/sign-in">
${hidden.join("\n")}
<label for="username">Name</label>
<input id="username" name="username" value="${escaped(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${username === "" ? " autofocus" : ""}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${username === "" ? "" : " autofocus"}>
<button type="submit">Sign in</button>
</form>
<p>The people of this machine are ${USERNAMES.slice(0, -1).join(", ")} and ${USERNAMES.at(-1) ?? ""}; the password is the name.</p>`;
  return page(problem === undefined ? 200 : 401, "Sign in to Tandem", content, [new URL(target).origin]);
}

/** A page that says one thing. */
export const saying = (status: number, title: string, text: string): Answer =>
  page(status, title, `<p>${escaped(text)}</p>`, []);

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => ENTITIES[mark] ?? mark);
