import { runCli } from "./program.ts";
import { processTerminal } from "./terminal.ts";

// The AWS SDK's announcement of which Node it will want next year is no message of ours.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

// A reader that has gone away, as `tandem runs | head` does, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const interrupt = new AbortController();
const told = () => interrupt.abort();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, told);

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: processTerminal(process),
  environment: process.env,
  cwd: process.cwd(),
  signal: interrupt.signal,
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, told);
