import type { Command } from "commander";
import type { MeView } from "../../shared/pipeline/api-views.ts";
import { parseAddress } from "../address.ts";
import { chosenLogin } from "../bearer.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { closing, meaning } from "../help.ts";
import { findIssuer, revoke } from "../issuer.ts";
import { keepLogin, loginAt } from "../logins.ts";
import { printable } from "../render/text.ts";
import { openBrowser, signInLocally, signInWithBrowser } from "../sign-in.ts";

const CODES = meaning({ 5: "the issuer did not let you in" });

type LoginOptions = ApiOptions & { readonly as?: string; readonly browser: boolean };

/** `tandem login [--as NAME]` */
export function addLogin(program: Command, context: CliContext): void {
  withApi(program.command("login"))
    .description("sign in, so that the other commands are yours")
    .option(
      "--as <name>",
      "one of the local endpoint's people: alice, bob, carol, mallory; no browser is needed",
    )
    .option("--no-browser", "open none, only print the address to go to")
    .addHelpText("after", closing(["tandem login --as alice", "tandem login --url https://HOST"], CODES))
    .action((options: LoginOptions) => login(context, options));
}

/** `tandem logout` */
export function addLogout(program: Command, context: CliContext): void {
  withApi(program.command("logout"))
    .description("forget who has signed in")
    .addHelpText("after", closing(["tandem logout"]))
    .action((options: ApiOptions) => logout(context, options));
}

/** `tandem whoami` */
export function addWhoami(program: Command, context: CliContext): void {
  withApi(program.command("whoami"))
    .description("who you are to Tandem, and what you may do")
    .addHelpText("after", closing(["tandem whoami", "tandem whoami --json"]))
    .action((options: ApiOptions) => whoami(context, options));
}

async function login(context: CliContext, options: LoginOptions): Promise<void> {
  const { environment, signal, terminal } = context;
  const { url, local } = parseAddress(options.url ?? environment.TANDEM_URL);
  if (options.as !== undefined && !local) {
    const message = `--as is for the local endpoint's people: at ${url} sign in with the browser, without --as`;
    throw new Failure(EXIT.usage, "not-local", message);
  }
  const issuer = await findIssuer(url, signal);
  const show = (address: string) => {
    const how = options.browser ? "Sign in here, if no browser opens by itself" : "Sign in here";
    terminal.err(`${how}:\n  ${address}\n`);
    if (options.browser) openBrowser(address);
  };
  const signedIn =
    options.as === undefined
      ? await signInWithBrowser(issuer, show, signal)
      : await signInLocally(issuer, options.as, signal);
  await keepLogin(environment, url, signedIn);
  const me = await connect({ ...context, environment: withoutKeys(environment) }, options).api.me();
  if (environment.AWS_ACCESS_KEY_ID)
    terminal.err("AWS_ACCESS_KEY_ID is set, and goes before: unset it to be who has signed in.\n");
  terminal.out(options.json ? asJson(me) : page([`signed in at ${url} as ${nameOf(me)}`]));
}

/** What has just been got is shown, whatever else the environment holds. */
function withoutKeys({ AWS_ACCESS_KEY_ID: _key, ...rest }: CliContext["environment"]) {
  return rest;
}

async function logout({ environment, signal, terminal }: CliContext, options: ApiOptions): Promise<void> {
  const { url } = parseAddress(options.url ?? environment.TANDEM_URL);
  const known = loginAt(environment, url);
  await keepLogin(environment, url, undefined);
  if (known !== undefined) await revoke(known, signal).catch(() => undefined);
  const message = known === undefined ? `nobody was signed in at ${url}` : `signed out at ${url}`;
  terminal.out(options.json ? asJson({ message }) : page([message]));
}

async function whoami(context: CliContext, options: ApiOptions): Promise<void> {
  const { api, address } = connect(context, options);
  const me = await api.me();
  if (options.json) return context.terminal.out(asJson(me));
  const login = chosenLogin(address, context.environment);
  const { operate, decide } = me.may;
  const decided = decide.map(({ pipeline, stage }) => `${stage} of ${pipeline}`);
  context.terminal.out(
    page(
      [
        nameOf(me),
        `identity    ${me.identity}`,
        `by          ${login === undefined ? "AWS credentials" : `a token of ${login.issuer}`}`,
        ...(me.aliases.length === 0 ? [] : [`also        ${me.aliases.join(", ")}`]),
        `operates    ${operate.length === 0 ? "no pipeline" : operate.join(", ")}`,
        `decides on  ${decided.length === 0 ? "no stage" : decided.join(", ")}`,
      ].map(printable),
    ),
  );
}

const nameOf = ({ person, groups }: MeView): string =>
  printable(`${person} (${groups.length === 0 ? "in no group" : groups.join(", ")})`);
