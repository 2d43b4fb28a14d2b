/**
 * One person has many names: a login at GitHub, an IAM principal, an e-mail address, a subject of an OIDC issuer. `identities`
 * in a definition says which of them are one person; what it does not say is compared by `isSamePerson`.
 */

/** The person's own name to all others, as the definition lists them. */
export type Identities = Readonly<Record<string, readonly string[]>>;

/** Somebody who asks something of Tandem, as the edge authenticated them. */
export interface Person {
  /** The name people are compared and counted by, e.g. an IAM user or role session name. */
  readonly name: string;
  /** The raw identity: an ARN, or `ISSUER#SUBJECT`. */
  readonly identity: string;
  /** Groups the identity itself vouches for, e.g. the role assumed. */
  readonly groups: readonly string[];
  /** Other names that the identity vouches for, e.g. a verified e-mail address. */
  readonly aliases?: readonly string[];
  /** Names that nobody vouches for, e.g. an address that was never verified: they count against the person only. */
  readonly claimed?: readonly string[];
}

/** Everything a person is known by, vouched for or not. */
export function namesOf(identities: Identities | undefined, who: Person): readonly string[] {
  const { name, identity, aliases = [], claimed = [] } = who;
  const own = [name, ...aliases, ...claimed, identity];
  const listed = own.flatMap((one) => listedAs(identities, one));
  return [...new Set([...listed, ...own])];
}

/** Everything that the identity vouches for, and the name that the definition gives the person for it. */
export function vouchedNamesOf(identities: Identities | undefined, who: Person): readonly string[] {
  const { name, identity, aliases = [] } = who;
  const own = [name, ...aliases];
  const listed = [identity, ...own].flatMap((one) => listedAs(identities, one));
  return [...new Set([...listed, ...own])];
}

/** The name that the record shows: the definition's where it has one. */
export function canonicalName(identities: Identities | undefined, who: Person): string {
  const [first] = [who.identity, who.name, ...(who.aliases ?? [])].flatMap((one) =>
    listedAs(identities, one),
  );
  return first ?? who.name;
}

/** Whether two sets of names have one in common, also by way of `identities`. */
export function isSameAmong(
  identities: Identities | undefined,
  a: readonly string[],
  b: readonly string[],
): boolean {
  const names = (all: readonly string[]) =>
    all.flatMap((one) => [personOf(one), ...listedAs(identities, one)]);
  const others = names(b);
  return names(a).some((one) => others.some((other) => isSamePerson(one, other)));
}

/** Whom the definition says a name is; an identity is looked up as it is, and by the name in it. */
function listedAs(identities: Identities | undefined, name: string): readonly string[] {
  const wanted = [name, personOf(name)].map(plain);
  const found = Object.entries(identities ?? {}).filter(([person, aliases]) =>
    [person, ...aliases].some((alias) => wanted.includes(plain(alias))),
  );
  return found.map(([person]) => person);
}

const plain = (name: string): string => name.trim().toLowerCase();

/**
 * The name a raw identity is compared by: the user of an IAM user's ARN, the session of an assumed role's, the address of
 * `Name <address>`; anything else as it is.
 */
export function personOf(identity: string): string {
  const arn = /^arn:[^:]*:(?:iam|sts)::\d*:(.+)$/.exec(identity);
  if (arn?.[1] !== undefined) return arn[1].split("/").at(-1) ?? identity;
  const address = /<([^<>]+)>\s*$/.exec(identity);
  return address?.[1] ?? identity;
}

/** Compared without case; a bare name and an address with that local part are taken for one person, to be on the safe side. */
export function isSamePerson(a: string, b: string): boolean {
  const [x, y] = [plain(a), plain(b)];
  if (x === y) return true;
  if (x.includes("@") === y.includes("@")) return false;
  return localPart(x) === localPart(y);
}

function localPart(name: string): string {
  return name.split("@")[0] ?? name;
}
