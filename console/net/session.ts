import { findIssuer, type Issuer } from "./issuer.ts";
import { numberAt, textAt } from "./json.ts";
import { challengeOf, randomText } from "./pkce.ts";

/**
 * Signing in by the authorization code flow with PKCE. The token that the API takes stays in memory; what outlives a reload
 * of the tab is the refresh token, and nothing outlives the tab.
 * https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps
 */

const REFRESH = "tandem.refresh";
const ASKED = "tandem.asked";
/** Renewed this long before it runs out, so that no request goes out with a token that is about to. */
const EARLY_MS = 30_000;

interface Tokens {
  readonly bearer: string;
  readonly expiresAt: number;
}

/** What was asked of the issuer, kept until the person comes back. */
interface Asked {
  readonly state: string;
  readonly verifier: string;
  readonly page: string;
}

export class Session {
  #issuer: Issuer | undefined;
  #tokens: Tokens | undefined;
  #renewing: Promise<string | undefined> | undefined;

  get signedIn(): boolean {
    return this.#tokens !== undefined;
  }

  /**
   * Takes up the session of this tab, or the answer that the issuer has just sent the person back with.
   * @returns the page to show, when there is a session
   * @throws Error when the issuer refused, with what it said
   */
  async resume(): Promise<string | undefined> {
    const here = new URL(location.href);
    if (here.pathname === "/console/callback") return this.#comeBack(here.searchParams);
    return (await this.bearer()) === undefined ? undefined : here.pathname + here.search;
  }

  /** Sends the person to the issuer, and back to this page. */
  async signIn(page = location.pathname + location.search): Promise<void> {
    const issuer = await this.#find();
    const asked: Asked = { state: randomText(), verifier: randomText(), page };
    sessionStorage.setItem(ASKED, JSON.stringify(asked));
    const address = new URL(issuer.authorizationEndpoint);
    const query = {
      response_type: "code",
      client_id: issuer.clientId,
      redirect_uri: callback(),
      scope: issuer.scope,
      state: asked.state,
      code_challenge: await challengeOf(asked.verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    location.assign(address);
  }

  /** Forgets the tokens, and lets the issuer forget the person, if it can. */
  async signOut(): Promise<void> {
    sessionStorage.removeItem(REFRESH);
    this.#tokens = undefined;
    const issuer = await this.#find();
    if (issuer.signOut === undefined) return location.assign("/console/");
    const address = new URL(issuer.signOut);
    address.searchParams.set("client_id", issuer.clientId);
    // Cognito calls it `logout_uri`, the standard `post_logout_redirect_uri`.
    address.searchParams.set("logout_uri", `${location.origin}/console/`);
    address.searchParams.set("post_logout_redirect_uri", `${location.origin}/console/`);
    location.assign(address);
  }

  /** The token to send along; renewed when it runs out, undefined when the person must sign in. */
  async bearer(): Promise<string | undefined> {
    if (this.#tokens !== undefined && Date.now() < this.#tokens.expiresAt - EARLY_MS)
      return this.#tokens.bearer;
    // Requests that go out together renew once.
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Says that the API has refused the token: the next request asks for a new one. */
  refused(): void {
    this.#tokens = undefined;
  }

  async #comeBack(answer: URLSearchParams): Promise<string> {
    const asked = takeAsked();
    const problem = answer.get("error");
    if (problem !== null) throw new Error(answer.get("error_description") ?? problem);
    const code = answer.get("code");
    if (code === null || asked === undefined || answer.get("state") !== asked.state)
      throw new Error("this answer belongs to no sign-in of this tab; sign in again");
    await this.#ask({
      grant_type: "authorization_code",
      code,
      redirect_uri: callback(),
      code_verifier: asked.verifier,
    });
    return asked.page;
  }

  async #renew(): Promise<string | undefined> {
    const token = sessionStorage.getItem(REFRESH);
    this.#tokens = undefined;
    if (token === null) return undefined;
    try {
      return await this.#ask({ grant_type: "refresh_token", refresh_token: token });
    } catch (error) {
      // Only the issuer's own refusal ends the session; a lost connection does not.
      if (error instanceof RefusedError) {
        sessionStorage.removeItem(REFRESH);
        return undefined;
      }
      throw error;
    }
  }

  async #ask(grant: Readonly<Record<string, string>>): Promise<string> {
    const issuer = await this.#find();
    const response = await fetch(issuer.tokenEndpoint, {
      method: "POST",
      body: new URLSearchParams({ client_id: issuer.clientId, ...grant }),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    const bearer = textAt(answer, issuer.token);
    if (!response.ok || bearer === undefined) {
      const said =
        textAt(answer, "error_description") ?? textAt(answer, "error") ?? `status ${response.status}`;
      throw response.status >= 500 ? new Error(said) : new RefusedError(said);
    }
    const seconds = numberAt(answer, "expires_in") ?? 300;
    this.#tokens = { bearer, expiresAt: Date.now() + seconds * 1000 };
    const refresh = textAt(answer, "refresh_token");
    if (refresh !== undefined) sessionStorage.setItem(REFRESH, refresh);
    return bearer;
  }

  async #find(): Promise<Issuer> {
    this.#issuer ??= await findIssuer();
    return this.#issuer;
  }
}

/** The issuer has said no: signing in again is the remedy. */
class RefusedError extends Error {}

function callback(): string {
  return `${location.origin}/console/callback`;
}

function takeAsked(): Asked | undefined {
  const text = sessionStorage.getItem(ASKED);
  sessionStorage.removeItem(ASKED);
  if (text === null) return undefined;
  const asked: unknown = JSON.parse(text);
  const [state, verifier, page] = [textAt(asked, "state"), textAt(asked, "verifier"), textAt(asked, "page")];
  if (state === undefined || verifier === undefined || page === undefined) return undefined;
  return { state, verifier, page: page.startsWith("/console/callback") ? "/console/" : page };
}
