import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** The browser to test with, e.g. `TANDEM_TEST_BROWSER=/usr/bin/chromium`; without it no test of the page runs. */
export const BROWSER = process.env.TANDEM_TEST_BROWSER;

export function launch(): Promise<Browser> {
  if (BROWSER === undefined || BROWSER === "") throw new Error("TANDEM_TEST_BROWSER names no browser");
  // Root has no sandbox to offer, and a container's /dev/shm is small.
  return chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export interface Visit {
  readonly page: Page;
  /** What the page has complained about: script errors, refused policies. */
  readonly complaints: readonly string[];
}

/** A fresh tab of somebody who has signed in through the issuer. */
export async function visit(
  browser: Browser,
  url: string,
  person: string,
  path = "/console/",
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refusal by the API is the page's business; the browser writes a line about it all the same.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(url + path);
  await page.locator("main .button").click();
  await page.getByRole("link", { name: person, exact: true }).click();
  await page.locator("header.top").waitFor();
  return { page, complaints };
}
