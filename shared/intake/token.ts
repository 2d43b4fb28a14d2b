import type { Person } from "../pipeline/identities.ts";

/** Which token the API takes, and where a person's name and groups stand in it. */
export interface TokenRules {
  readonly token: "id_token" | "access_token";
  /** Empty: `cognito:username`, `username`, a verified `email`, or `sub`, whichever comes first. */
  readonly nameClaim: string;
  /** Empty: `cognito:groups`, or `groups`. */
  readonly groupsClaim: string;
}

/** The claims as API Gateway hands them on: every value is text, a list is `[a b]`. */
export type Claims = Readonly<Record<string, unknown>>;

/** Why a good token is not a person's, in words for that person. */
export interface NoPerson {
  readonly refused: string;
}

/** A name that Cognito makes up, for users who sign up by address. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Marks that no name has, and that could make one look like another. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** More than any address or user name has. */
const LONGEST = 320;

/**
 * The person whom a token tells of, once API Gateway has found it good.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
 */
export function personFromClaims(claims: Claims, rules: TokenRules): Person | NoPerson {
  const text = (name: string): string => (Object.hasOwn(claims, name) ? String(claims[name] ?? "") : "");
  const use = text("token_use");
  const wanted = rules.token === "id_token" ? "id" : "access";
  if (use !== "" && use !== wanted) return { refused: `send the ${rules.token}, not the other token` };
  const [issuer, subject, email] = [text("iss"), text("sub"), text("email")];
  const verified = /^true$/i.test(text("email_verified"));
  // A federated user's name is made up of the provider and its id of the person.
  const federated = text("identities") !== "";
  const own = [text("cognito:username"), text("username")].filter(
    (name) => name !== "" && !federated && !UUID.test(name),
  );
  const vouched = [...own, ...(verified && email !== "" ? [email] : [])];
  const name = rules.nameClaim === "" ? (vouched[0] ?? subject) : text(rules.nameClaim);
  if (name === "" || issuer === "" || subject === "") {
    const missing = rules.nameClaim === "" ? "sub" : rules.nameClaim;
    return { refused: `the token has no ${name === "" ? missing : issuer === "" ? "iss" : "sub"}` };
  }
  const claimed = [text("preferred_username"), text("nickname"), ...(verified ? [] : [email])];
  const others = (names: readonly string[]) =>
    [...new Set(names)].filter((one) => one !== "" && one !== name);
  const aliases = others(vouched);
  const rest = others(claimed).filter((one) => !aliases.includes(one));
  const bad = [name, ...aliases, ...rest].find((one) => UNSEEN.test(one) || one.length > LONGEST);
  if (bad !== undefined)
    return { refused: "a name in the token is too long, or has marks that cannot be seen" };
  return {
    name,
    identity: `${issuer}#${subject}`,
    groups: groupsIn(
      text(rules.groupsClaim || (text("cognito:groups") === "" ? "groups" : "cognito:groups")),
    ),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(rest.length === 0 ? {} : { claimed: rest }),
  };
}

/** `[a b]` is a list: names with a space in them cannot be told apart there. Anything else is one group. */
function groupsIn(text: string): readonly string[] {
  const list = /^\[(.*)\]$/s.exec(text)?.[1];
  const groups = list === undefined ? [text] : list.split(" ");
  return groups.filter((group) => group !== "");
}
