import { EXIT, Failure } from "./failure.ts";

export const DEFAULT_ADDRESS = "http://127.0.0.1:4566";

/** Where the HTTP API is. */
export interface Address {
  /** Without a slash at its end. */
  readonly url: string;
  /** On this machine: polled often, and asked without a signature when there are no credentials. */
  readonly local: boolean;
  /** Asked with a token of the issuer, instead of a signature. */
  readonly signedIn?: boolean;
}

/**
 * @param given `--url`, or the variable TANDEM_URL
 * @throws Failure when it is no address
 */
export function parseAddress(given: string | undefined): Address {
  const text = given === undefined || given === "" ? DEFAULT_ADDRESS : given;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new Failure(
      EXIT.usage,
      "bad-url",
      `"${text}" is no address of Tandem: give --url (or TANDEM_URL) as https://HOST or ${DEFAULT_ADDRESS}`,
    );
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol === "http:" && !local)
    throw new Failure(
      EXIT.usage,
      "bad-url",
      `"${text}" is not on this machine: use https, or what you sign could be read on the way`,
    );
  return { url: `${url.origin}${url.pathname}`.replace(/\/+$/, ""), local };
}
