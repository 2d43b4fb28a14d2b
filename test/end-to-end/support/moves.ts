import { z } from "zod";
import { isOver, type Run } from "./api.ts";
import type { AwsClients, Person } from "./clients.ts";
import { serviceOf } from "./clusters.ts";
import { eventually } from "./poll.ts";
import { type Ran, tandem } from "./tandem.ts";
import { application } from "./working-copy.ts";
import type { World } from "./world.ts";

/** A stage's deployment of the one image, as a line of a pipeline's file. */
export const ecs = (cluster: string, service: string, more = ""): string =>
  `{ ecs: { cluster: ${cluster}, service: ${service}, containers: { web: hello }, circuitBreaker: { threshold: { count: 3 } }${more} } }`;

/**
 * A pipeline of one stage, which follows the branch of its own name.
 * @param stage lines of the stage
 */
export const pipeline = (
  name: string,
  deploy: readonly string[],
  stage: readonly string[] = [],
  platforms = "linux/amd64, linux/arm64",
): string => `
name: ${name}
source:
  codecommit: { repository: hello, branches: [${name}] }
images:
  - name: hello
    platforms: [${platforms}]
    tags: ["{shortSha}"]
stages:
  - name: live
${stage.map((line) => `    ${line}\n`).join("")}    deploy:
${deploy.map((line) => `      - ${line}\n`).join("")}`;

let version = 0;

/** The next version of the application; with `broken` its arm64 image has a program of the other architecture. */
export function nextVersion(broken = false): Readonly<Record<string, string | Buffer>> {
  version += 1;
  const files = application(version);
  const program = files["bin/amd64/app"];
  return broken && program !== undefined ? { ...files, "bin/arm64/app": program } : files;
}

/** Pushes to the branch of a pipeline's name. @returns the run's id */
export async function pushed(
  { api, copy }: World,
  branch: string,
  files: Readonly<Record<string, string | Buffer>> = nextVersion(),
): Promise<string> {
  const commit = await copy.commit(files);
  await copy.push("carol", `HEAD:refs/heads/${branch}`);
  return eventually(async () => {
    const ids = (await api.runs()).filter((one) => one.commit === commit && one.id.startsWith(`${branch}-`));
    const [id] = ids.map((one) => one.id);
    if (id === undefined) return undefined;
    return (await api.send("GET", `/api/runs/${id}`)).status === 200 ? id : undefined;
  }, `a run of ${branch} for ${commit}`);
}

/** Pushes, and follows the run to its end. */
export async function released(
  world: World,
  branch: string,
  files?: Readonly<Record<string, string | Buffer>>,
): Promise<Run> {
  return world.api.until(await pushed(world, branch, files), isOver);
}

/** The `tandem` command at this world's address, as a person. */
export const command = ({ url }: World, args: readonly string[], person: Person = "alice"): Promise<Ran> =>
  tandem([...args, "--url", url], { AWS_ACCESS_KEY_ID: person, AWS_SECRET_ACCESS_KEY: person });

/** A command that starts a run, followed to the run's end. */
export async function moved(
  world: World,
  args: readonly string[],
  person: Person = "alice",
  patienceMs?: number,
): Promise<Run> {
  const { code, out, err } = await command(world, [...args, "--json"], person);
  if (code !== 0) throw new Error(`tandem ${args.join(" ")} ended with ${code}: ${err}`);
  const { run } = z.object({ run: z.object({ id: z.string() }) }).parse(JSON.parse(out));
  return world.api.until(run.id, isOver, patienceMs);
}

/** Capacity provider to weight, as ECS has them; without the cluster's name before them. */
export async function weightsOf(
  aws: AwsClients,
  cluster: string,
  name?: string,
): Promise<Readonly<Record<string, number>>> {
  const { capacityProviderStrategy = [] } = await serviceOf(aws, cluster, name);
  return Object.fromEntries(
    capacityProviderStrategy.map(({ capacityProvider = "", weight = 0 }) => [
      capacityProvider.replace(`${cluster}-`, ""),
      weight,
    ]),
  );
}
