import type { Service } from "../aws/ecs-service.ts";
import { primaryOf } from "../aws/ecs-service.ts";
import { REGISTRY } from "../aws/names.ts";
import type { World } from "./world.ts";

/** Other people with rights in ECS, who know nothing of Tandem. */
export class Others {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Somebody deploys something else. */
  deploy(): void {
    const { ecs, machine, checks } = this.#world;
    const { random, weather, trace, agenda } = machine;
    const service = random.pick(ecs.services);
    if (service.status !== "ACTIVE") return;
    weather.count("foreign deployment");
    const deployment = ecs.deploy(service, this.#revision(service));
    checks.stages.changedByOthers(service, agenda.now);
    trace.note(() => `somebody deploys ${deployment.revision.arn} to ${service.name} as ${deployment.id}`);
  }

  /** Another proxy beside the same application; rarely, an application by another name. */
  #revision(service: Service) {
    const { ecs, machine } = this.#world;
    const { random } = machine;
    const current = primaryOf(service).revision;
    const drops = random.chance(0.05);
    const containers = Object.entries(current.images).map(([name, image]) => ({
      name: drops && name === "app" ? "application" : name,
      image: name === "proxy" ? `${REGISTRY}/base:${random.between(2, 1_000_000)}` : image,
    }));
    return ecs.definitions.register({ family: current.definition.family, containerDefinitions: containers });
  }

  /** Somebody stops a build in the console. */
  stopBuild(): void {
    const { codebuild, machine } = this.#world;
    const running = codebuild.builds.filter(({ status }) => status === "IN_PROGRESS");
    if (running.length === 0) return;
    machine.weather.count("build stopped");
    codebuild.end(machine.random.pick(running), "STOPPED");
  }

  /** Somebody deletes a service. */
  remove(): void {
    const { ecs, machine } = this.#world;
    const service = machine.random.pick(ecs.services);
    if (service.status !== "ACTIVE") return;
    machine.weather.count("service gone");
    machine.trace.note(() => `somebody deletes ${service.name}`);
    ecs.remove(service);
  }
}
