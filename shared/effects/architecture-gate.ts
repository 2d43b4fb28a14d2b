import type { Service } from "@aws-sdk/client-ecs";
import type { CpuArchitecture, EcsDeployment } from "../pipeline/definition.ts";
import type { PreparedDeployment } from "../pipeline/events.ts";
import { type GateContainer, gate, type Hosts } from "../pipeline/placement.ts";
import type { TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import type { Found } from "./find-service.ts";
import { hostArchitectures } from "./hosts.ts";
import type { LookContext } from "./look-once.ts";

type Prepared = Pick<PreparedDeployment, "hosts" | "constrainTo" | "idle" | "notes">;

/**
 * Looks at the hosts behind a service and at every container of what is about to be registered: can each run on each? When
 * not, the deployment is refused, or confined to the hosts that fit, as the pipeline says.
 * @param strategy the capacity providers the service is about to get, when they are to change
 */
export async function architectureGate(
  { aws, platformsOf }: LookContext,
  target: EcsDeployment,
  service: Service,
  document: TaskDefinitionDocument,
  strategy?: readonly { readonly capacityProvider: string; readonly base: number; readonly weight: number }[],
): Promise<Found<Prepared>> {
  const containers = (document.containerDefinitions ?? []).flatMap(
    ({ name, image }): readonly GateContainer[] =>
      name === undefined || image === undefined
        ? []
        : [{ name, image, ours: Object.hasOwn(target.containers, name) }],
  );
  const names = [...new Set(containers.map(({ image }) => image))];
  const [hosts, platforms] = await Promise.all([
    hostArchitectures(aws, service, document, strategy),
    Promise.all(names.map(async (image) => [image, await platformsOf(image)] as const)),
  ]);
  if ("failure" in hosts) return hosts;
  const answer = gate({
    service: target.service,
    containers,
    images: Object.fromEntries(platforms),
    hosts: hosts.found,
    policy: target.missingArchitecture ?? "refuse",
  });
  switch (answer.result) {
    case "refused":
      return { failure: { reason: answer.reason, remedy: answer.remedy } };
    case "ok":
      return { found: { hosts: byArchitecture(hosts.found), ...notesOf(answer.notes) } };
    case "constrain": {
      const { to, idle, why, notes } = answer;
      return {
        found: {
          hosts: { [to]: byArchitecture(hosts.found)[to] ?? [] },
          constrainTo: to,
          ...(idle.length === 0 ? {} : { idle }),
          ...notesOf([why, ...notes]),
        },
      };
    }
  }
}

function notesOf(notes: readonly string[]): { readonly notes?: readonly string[] } {
  return notes.length === 0 ? {} : { notes };
}

/** The capacity providers, or the launch type, that bring each architecture. */
function byArchitecture({ groups, allowed }: Hosts): Partial<Record<CpuArchitecture, readonly string[]>> {
  return Object.fromEntries(
    allowed.flatMap((architecture) => {
      const names = groups
        .filter(({ architectures }) => architectures.includes(architecture))
        .map(({ provider, name }) => provider ?? name);
      return names.length === 0 ? [] : [[architecture, names]];
    }),
  );
}
