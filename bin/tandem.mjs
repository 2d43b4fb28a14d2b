#!/usr/bin/env node
// The command runs from source: tsx compiles it as it is loaded, so there is no build step to forget.
import { register } from "tsx/esm/api";

register();
await import("../cli/main.ts");
