/** Starts a container and says so, for a test that then kills this process. Arguments: registry host, instance, image. */
import { selectEngine } from "../../local/engine/select.ts";

const [host = "", instance = "", image = ""] = process.argv.slice(2);

const engine = await selectEngine("podman", host, instance);
await engine.containers?.run({
  name: `crash-${instance}`,
  image,
  architecture: "x86_64",
  environment: {},
  ports: [],
  interactive: true,
  log: () => undefined,
});
process.stdout.write("running\n");
