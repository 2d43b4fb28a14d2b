import type { Address } from "./address.ts";
import { EXIT, Failure } from "./failure.ts";
import { renew } from "./issuer.ts";
import { keepLogin, type Login, loginAt } from "./logins.ts";
import type { Sign } from "./sign.ts";

/** Renewed this long before it runs out: a request takes a while to arrive. */
const EARLY_MS = 30_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The login that requests to an address are made with; undefined when nobody has signed in there, or when AWS keys in the
 * environment say who is meant.
 */
export function chosenLogin({ url }: Address, environment: Environment): Login | undefined {
  return environment.AWS_ACCESS_KEY_ID ? undefined : loginAt(environment, url);
}

/** Sends the token along, and renews it when it runs out. */
export function bearerSign(
  { url }: Address,
  login: Login,
  environment: Environment,
  signal: AbortSignal,
): Sign {
  let current = login;
  let renewing: Promise<Login> | undefined;
  const renewed = async (): Promise<Login> => {
    const next = await renew(current, signal);
    if (next === undefined)
      throw new Failure(
        EXIT.denied,
        "signed-out",
        `your sign-in at ${url} has run out: run \`tandem login\` again, or \`tandem logout\` to go without`,
      );
    await keepLogin(environment, url, next);
    return next;
  };
  return async ({ headers }) => {
    if (Date.now() >= current.expiresAt - EARLY_MS) {
      renewing ??= renewed();
      current = await renewing;
      renewing = undefined;
    }
    return { ...headers, authorization: `Bearer ${current.bearer}` };
  };
}
