import { isRegistered, type OidcClient } from "./clients.ts";
import type { Issuer } from "./core.ts";
import { type Answer, goTo } from "./http.ts";
import { saying, signInPage } from "./page.ts";
import { signIn } from "./people.ts";
import type { Session } from "./sessions.ts";

/** What the endpoint understands; everything else of a request is passed over. */
const PARAMETERS = [
  "response_type",
  "client_id",
  "redirect_uri",
  "scope",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
  "prompt",
  "login_hint",
];

/** A request whose answer may go to where it asks for. */
interface Wish {
  readonly client: OidcClient;
  readonly redirectUri: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The authorization endpoint: code flow with PKCE, and nothing else.
 * https://openid.net/specs/openid-connect-core-1_0.html#AuthorizationEndpoint
 */
export function authorize(issuer: Issuer, query: URLSearchParams, cookie: string | undefined): Answer {
  const wish = wishOf(issuer, query);
  if ("status" in wish) return wish;
  const fault = faultOf(wish);
  if (fault !== undefined) return failed(issuer, wish, ...fault);
  const { prompt, login_hint: username = "" } = wish.parameters;
  const session = prompt === "login" ? undefined : issuer.sessions.find(cookie);
  if (session !== undefined) return granted(issuer, wish, session);
  if (prompt === "none") return failed(issuer, wish, "login_required", "nobody is signed in here");
  return signInPage({ ...wish, username, problem: undefined, target: wish.redirectUri });
}

/** The form of the sign-in page, with what the authorization endpoint was asked. */
export function submit(issuer: Issuer, form: URLSearchParams): Answer {
  const wish = wishOf(issuer, form);
  if ("status" in wish) return wish;
  const fault = faultOf(wish);
  if (fault !== undefined) return failed(issuer, wish, ...fault);
  const username = form.get("username") ?? "";
  const person = signIn(username, form.get("password") ?? "");
  if (person === undefined) {
    const problem = "There is nobody of that name with that password.";
    return signInPage({ ...wish, username, problem, target: wish.redirectUri });
  }
  const { session, cookie } = issuer.sessions.begin(person.username);
  return granted(issuer, wish, session, { "set-cookie": cookie });
}

/** Where neither the client nor the address is known, the answer is a page: it must not go to an address of a stranger's. */
function wishOf(issuer: Issuer, from: URLSearchParams): Wish | Answer {
  const parameters = Object.fromEntries(
    PARAMETERS.flatMap((name) => {
      const value = from.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const client = issuer.clients.find(parameters.client_id);
  if (client === undefined)
    return saying(400, "Unknown client", "The client_id names no application that is registered here.");
  const redirectUri = parameters.redirect_uri;
  if (redirectUri === undefined || !isRegistered(redirectUri, client.redirectUris))
    return saying(400, "Unknown address", "The redirect_uri is not registered for this application.");
  return { client, redirectUri, parameters };
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 */
function faultOf({ client, parameters }: Wish): readonly [code: string, description: string] | undefined {
  const { response_type: type, scope = "", code_challenge: challenge = "" } = parameters;
  if (type !== "code") return ["unsupported_response_type", "response_type must be code"];
  const scopes = scope.split(" ");
  if (!scopes.includes("openid")) return ["invalid_scope", "scope must contain openid"];
  const unknown = scopes.find((one) => !client.scopes.includes(one));
  if (unknown !== undefined) return ["invalid_scope", `the client may not ask for the scope ${unknown}`];
  if (parameters.code_challenge_method !== "S256" || !/^[\w-]{43}$/.test(challenge))
    return ["invalid_request", "code_challenge with code_challenge_method S256 is required (PKCE)"];
  return undefined;
}

function granted(
  issuer: Issuer,
  { client, redirectUri, parameters }: Wish,
  session: Session,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const code = issuer.grants.newCode({
    ...session,
    clientId: client.id,
    redirectUri,
    scope: parameters.scope ?? "openid",
    codeChallenge: parameters.code_challenge ?? "",
    nonce: parameters.nonce,
  });
  return goTo(answerAddress(issuer, redirectUri, parameters.state, { code }), headers);
}

function failed(
  issuer: Issuer,
  { redirectUri, parameters }: Wish,
  error: string,
  description: string,
): Answer {
  const said = { error, error_description: description };
  return goTo(answerAddress(issuer, redirectUri, parameters.state, said));
}

/** With the issuer's name, so that a client that knows several cannot mix them up: RFC 9207. */
function answerAddress(
  { url }: Issuer,
  redirectUri: string,
  state: string | undefined,
  said: Readonly<Record<string, string>>,
): string {
  const address = new URL(redirectUri);
  for (const [name, value] of Object.entries(said)) address.searchParams.set(name, value);
  if (state !== undefined) address.searchParams.set("state", state);
  address.searchParams.set("iss", url);
  return address.href;
}
