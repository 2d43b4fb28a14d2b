/**
 * The inside of one Lambda execution environment: a Node process of its own that loads one bundle and answers one
 * invocation after another. It is plain JavaScript without imports of ours because it shares its process with the
 * function: nothing of the emulator may be visible there, and it must start fast.
 *
 * Parent to host: `{type: "init", environment, directory, handler, compileCache}` once, then
 * `{type: "invoke", requestId, payload, timeoutMs, context}` one at a time. Host to parent: `{type: "done", …}` per
 * request, after a marker line on each output stream, so that the parent knows that it has read all that was written.
 *
 * Behaviour: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
import { existsSync } from "node:fs";
import nodeModule from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

/** The exit status of an environment that an unhandled error ended, as the Node runtimes have it. */
const FATAL_STATUS = 128;

const send = process.send.bind(process);
// A function that looks for an IPC channel must not find one: there is none on AWS.
process.send = undefined;
process.on("disconnect", () => process.exit(0));

const state = { handler: undefined, requestId: undefined, reply: replyTo("") };

/** Answers a request, once: marker lines first, then the message. `ending` ends the process when it has been sent. */
function replyTo(marker) {
  let answered = false;
  return (answer) => {
    if (answer.error !== undefined) logError(answer.error);
    if (answered) {
      if (answer.ending) process.exit(FATAL_STATUS);
      return;
    }
    answered = true;
    process.stdout.write(`${marker}\n`);
    process.stderr.write(`${marker}\n`);
    const memoryMb = Math.ceil(process.memoryUsage.rss() / 1024 / 1024);
    send({ type: "done", memoryMb, ...answer }, () => {
      if (answer.ending) process.exit(FATAL_STATUS);
    });
  };
}

function logError({ errorType, errorMessage, trace }) {
  const shown = JSON.stringify({ errorType, errorMessage, stack: trace });
  const request = state.requestId ?? "undefined";
  process.stdout.write(`${new Date().toISOString()}\t${request}\tERROR\tInvoke Error \t${shown}\n`);
}

/** An error as Lambda answers it. */
function asError(error) {
  if (error instanceof Error || (typeof error === "object" && error !== null && "message" in error)) {
    const trace = typeof error.stack === "string" ? error.stack.split("\n") : [];
    return { errorType: String(error.name ?? "Error"), errorMessage: String(error.message), trace };
  }
  // What is thrown may be anything; AWS names its type and shows it.
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function runtimeError(errorType, errorMessage) {
  return { errorType, errorMessage, trace: [] };
}

/** `console` as Lambda patches it: time, request and level before the text, tab-separated. */
function patchConsole() {
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => {
      const request = state.requestId ?? "undefined";
      process.stdout.write(`${new Date().toISOString()}\t${request}\t${level}\t${format(...values)}\n`);
    };
  }
}

/** Loads `folder/file.name` as the Node runtimes do: ES module or CommonJS by the file's extension. */
async function loadHandler(directory, setting) {
  const slash = setting.lastIndexOf("/") + 1;
  const dot = setting.indexOf(".", slash);
  if (dot === -1) return { error: runtimeError("Runtime.MalformedHandlerName", `Bad handler ${setting}`) };
  const module = setting.slice(0, dot);
  const path = setting.slice(dot + 1);
  const file = [".js", ".mjs", ".cjs"]
    .map((end) => resolve(directory, module + end))
    .find((name) => existsSync(name));
  if (file === undefined) {
    return {
      error: runtimeError(
        "Runtime.ImportModuleError",
        `Error: Cannot find module '${module}' in the package`,
      ),
    };
  }
  let loaded;
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (error) {
    const answer = asError(error);
    const missing = error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND";
    if (missing) answer.errorType = "Runtime.ImportModuleError";
    if (error instanceof SyntaxError) answer.errorType = "Runtime.UserCodeSyntaxError";
    return { error: answer };
  }
  const find = (root) => path.split(".").reduce((value, key) => value?.[key], root);
  const handler = find(loaded) ?? find(loaded.default);
  if (typeof handler !== "function") {
    return {
      error: runtimeError("Runtime.HandlerNotFound", `${setting} is undefined or not a function`),
    };
  }
  if (handler.length > 2) {
    const why =
      "Handlers with a callback are not supported since Node.js 24: return a promise, make the handler async";
    return { error: runtimeError("Runtime.CallbackHandlerDeprecated", why) };
  }
  return { handler };
}

async function init(message) {
  state.reply = replyTo(message.marker);
  // Wholesale: what the emulator's own environment has must not leak into a function.
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, message.environment);
  process.chdir(message.directory);
  nodeModule.enableCompileCache?.(message.compileCache);
  patchConsole();
  const { handler, error } = await loadHandler(message.directory, message.handler);
  state.handler = handler;
  state.reply(error === undefined ? {} : { error });
}

function lambdaContext(message) {
  const deadline = Date.now() + message.timeoutMs;
  return {
    ...message.context,
    awsRequestId: message.requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

async function invoke(message) {
  const reply = replyTo(message.marker);
  state.requestId = message.requestId;
  state.reply = reply;
  try {
    const result = await state.handler(JSON.parse(message.payload), lambdaContext(message));
    reply({ payload: serialise(result) });
  } catch (error) {
    reply({ error: asError(error) });
  }
}

/** What a handler returns, as JSON; nothing is `null`. What JSON cannot say is the function's error. */
function serialise(result) {
  try {
    return JSON.stringify(result) ?? "null";
  } catch (error) {
    const message = `Unable to stringify response body: ${error.message}`;
    throw Object.assign(new Error(message), { name: "Runtime.MarshalError" });
  }
}

/** An error that no handler awaits ends the environment, as on AWS; the request under way answers with it. */
function fatal(errorType, errorMessage, error) {
  const trace = asError(error).trace;
  state.reply({ error: { errorType, errorMessage, trace }, ending: true });
}

process.on("uncaughtException", (error) => {
  fatal("Runtime.UncaughtException", asError(error).errorMessage, error);
});
process.on("unhandledRejection", (error) => {
  const { errorType, errorMessage } = asError(error);
  fatal("Runtime.UnhandledPromiseRejection", `${errorType}: ${errorMessage}`, error);
});
process.on("message", (message) => {
  if (message.type === "init") void init(message);
  else void invoke(message);
});
