import { describe } from "@jest/globals";
import { BROWSER } from "./browser.ts";

/** `describe` where there is a browser to test with. */
export const describeInBrowser = BROWSER === undefined || BROWSER === "" ? describe.skip : describe;
