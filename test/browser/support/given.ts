import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launch, type Visit, visit } from "./browser.ts";
import { type FakeServer, startFake } from "./server.ts";

/** What the tests of a block share: one browser, and a server that is new for each of them. */
export interface Given {
  readonly server: FakeServer;
  /** A fresh tab of somebody who has signed in. */
  visit(person: string, path?: string, options?: BrowserContextOptions): Promise<Visit>;
  /** A fresh tab of nobody. */
  tab(): Promise<Page>;
}

/** Sees to it for the block that calls this; what it gives is there once the block's tests run. */
export function givenConsole(): Given {
  let browser: Browser;
  let server: FakeServer;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startFake();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await server.close();
  });
  return {
    get server() {
      return server;
    },
    visit: (person, path, options) => visit(browser, server.url, person, path, options),
    tab: async () => (await browser.newContext()).newPage(),
  };
}
