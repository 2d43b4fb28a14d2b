#!/usr/bin/env node
// The command runs from source: tsx compiles it as it is loaded, so there is no build step to forget.
const tsx = await import("tsx/esm/api").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
});
if (tsx === undefined) {
  process.stderr.write("tandem: its packages are not installed: run `npm ci` in Tandem's folder\n");
  process.exitCode = 1;
} else {
  tsx.register();
  await import("../cli/main.ts");
}
