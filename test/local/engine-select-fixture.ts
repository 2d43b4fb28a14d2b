/** Prints the engine that is chosen with this process's PATH, or the error. Argument: the choice. */
import { type EngineChoice, selectEngine } from "../../local/engine/select.ts";

const choices: readonly EngineChoice[] = ["auto", "docker", "podman", "none"];
const choice = choices.find((one) => one === process.argv[2]) ?? "auto";

try {
  const { name, description } = await selectEngine(choice, "127.0.0.1:4566", "select");
  process.stdout.write(`${name}: ${description}\n`);
} catch (error) {
  process.stdout.write(`${error}\n`);
}
