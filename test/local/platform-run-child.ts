import { runLocal } from "../../local/main.ts";

/** The foreground process of platform-run.test.ts: PORT SERVICE_DIR [STATE]. */
const [port = "0", serviceDir = ".", state] = process.argv.slice(2);
process.exitCode = await runLocal({
  port: Number(port),
  engine: "none",
  serviceDir,
  ...(state !== undefined && { state }),
});
