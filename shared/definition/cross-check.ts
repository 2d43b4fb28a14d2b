import { PLATFORMS } from "../pipeline/build-report.ts";
import { identityFaults } from "./identity-check.ts";
import { messageFaults, topicFaults } from "./message-check.ts";
import { nearest } from "./nearest.ts";
import { type Outline, outlineSchema } from "./outline.ts";
import { retentionFaults } from "./retention-check.ts";

/** A fault between parts that are each well-formed. */
export interface CrossFault {
  readonly file: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Found = Omit<CrossFault, "file">;

/** Names given twice, images that are not built, platforms and providers that contradict each other. */
export function crossFaults(
  files: readonly { readonly file: string; readonly value: unknown }[],
): readonly CrossFault[] {
  const outlines = files.map(({ file, value }) => ({ file, outline: outlineSchema.parse(value) }));
  const names = duplicates(outlines.map(({ outline }) => outline.name)).map(
    ({ index, first }): CrossFault => {
      const name = outlines[index]?.outline.name;
      return {
        file: files[index]?.file ?? "",
        path: ["name"],
        message: `another pipeline is called "${name}" already: ${files[first]?.file}`,
      };
    },
  );
  const within = outlines.flatMap(({ file, outline }) =>
    [...imageFaults(outline), ...stageFaults(outline), ...rebuildFaults(outline)].map(
      (fault): CrossFault => ({ file, ...fault }),
    ),
  );
  const retention = files.flatMap(({ file, value }) =>
    retentionFaults(value).map((fault): CrossFault => ({ file, ...fault })),
  );
  const people = files.flatMap(({ file, value }) =>
    identityFaults(value).map((fault): CrossFault => ({ file, ...fault })),
  );
  const messages = files.flatMap(({ file, value }) =>
    messageFaults(value).map((fault): CrossFault => ({ file, ...fault })),
  );
  return [...names, ...within, ...retention, ...people, ...messages, ...topicFaults(files)];
}

function imageFaults({ images }: Outline): readonly Found[] {
  const twice = duplicates(images.map(({ name }) => name)).map(({ index }) => ({
    path: ["images", index, "name"],
    message: `image "${images[index]?.name}" is there twice`,
  }));
  const platforms = images.flatMap((image, index) => [
    ...duplicates(image.platforms).map((at) => ({
      path: ["images", index, "platforms", at.index],
      message: `${String(image.platforms[at.index])} is there twice`,
    })),
    ...Object.keys(image.compute)
      .filter((platform) => isPlatform(platform) && !image.platforms.includes(platform))
      .map((platform) => ({
        path: ["images", index, "compute", platform],
        message: `the image is not built for ${platform}; its platforms are ${image.platforms.join(", ")}`,
      })),
  ]);
  return [...twice, ...platforms];
}

/** A pipeline that waits for its own images would start itself for ever. */
function rebuildFaults({ images, rebuildOn }: Outline): readonly Found[] {
  return rebuildOn.flatMap((repository, index) =>
    images.some(({ name }) => name === repository)
      ? [{ path: ["rebuildOn", index], message: `"${repository}" is built by this pipeline itself` }]
      : [],
  );
}

/** Of what is no platform at all, and of an image that names none, the schema says so. */
function isPlatform(text: string): boolean {
  return PLATFORMS.some((platform) => platform === text);
}

function stageFaults({ images, stages }: Outline): readonly Found[] {
  const built = images.map(({ name }) => name);
  return [
    ...duplicates(stages.map(({ name }) => name)).map(({ index }) => ({
      path: ["stages", index, "name"],
      message: `stage "${stages[index]?.name}" is there twice`,
    })),
    ...stages.flatMap(({ deploy, ...rest }, stage) => [
      ...[...serviceFaults(deploy), ...orderFaults({ deploy, ...rest })].map((fault) =>
        below(["stages", stage], fault),
      ),
      ...deploy.flatMap(({ ecs }, index) => {
        const at = ["stages", stage, "deploy", index, "ecs"];
        return [
          ...containerFaults(ecs.containers, built),
          ...capacityFaults(ecs.capacity),
          ...trafficFaults(ecs),
          ...shiftFaults(ecs),
        ].map((fault) => below(at, fault));
      }),
    ]),
  ];
}

function below(path: readonly (string | number)[], fault: Found): Found {
  return { ...fault, path: [...path, ...fault.path] };
}

type Deploy = Outline["stages"][number]["deploy"];
type Ecs = Deploy[number]["ecs"];

function serviceFaults(deploy: Deploy): readonly Found[] {
  const services = deploy.map(({ ecs: { cluster, service } }) =>
    cluster === undefined || service === undefined ? undefined : `${cluster}/${service}`,
  );
  return duplicates(services).map(({ index }) => ({
    path: ["deploy", index, "ecs", "service"],
    message: `the stage deploys ${services[index]} twice`,
  }));
}

/** What waits for whom, and who is asked while ECS pauses. */
function orderFaults({
  deploy,
  order,
  pauseAt,
  approval,
}: Omit<Outline["stages"][number], "name">): readonly Found[] {
  const services = deploy.flatMap(({ ecs: { service } }) => service ?? []);
  const needs = deploy.flatMap(({ ecs }, index) =>
    ecs.needs.flatMap((needed, at): readonly Found[] => {
      const path = ["deploy", index, "ecs", "needs", at];
      if (order !== "parallel") {
        return [{ path, message: "only says something where the stage's order is parallel" }];
      }
      if (!services.includes(needed)) {
        return [{ path, message: `the stage deploys no service "${needed}"${nearest(needed, services)}` }];
      }
      return waitsForItself(deploy, ecs.service) ? [{ path, message: "waits for itself in the end" }] : [];
    }),
  );
  const alone = deploy.flatMap(({ ecs: { pair } }, index): readonly Found[] =>
    pair !== undefined && deploy.filter((one) => one.ecs.pair === pair).length < 2
      ? [
          {
            path: ["deploy", index, "ecs", "pair"],
            message: `nothing else of the stage is in pair "${pair}"`,
          },
        ]
      : [],
  );
  const pause: readonly Found[] =
    pauseAt !== undefined && approval === undefined
      ? [{ path: ["pauseAt"], message: "needs an approval rule in the stage: it says who may let ECS go on" }]
      : [];
  const rolling: readonly Found[] =
    pauseAt === undefined
      ? []
      : deploy.flatMap(({ ecs: { strategy } }, index) =>
          strategy === undefined || strategy === "rolling"
            ? [
                {
                  path: ["deploy", index, "ecs"],
                  message: "needs the strategy blue-green, linear or canary: ECS pauses in no other",
                },
              ]
            : [],
        );
  return [...needs, ...alone, ...pause, ...rolling];
}

function waitsForItself(deploy: Deploy, service: string | undefined): boolean {
  const needsOf = (name: string) => deploy.find(({ ecs }) => ecs.service === name)?.ecs.needs ?? [];
  const seen = new Set<string>();
  const queue = service === undefined ? [] : [...needsOf(service)];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (name === service) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...needsOf(name));
  }
  return false;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
function trafficFaults({ strategy, traffic }: Ecs): readonly Found[] {
  if (traffic === undefined) return [];
  if (strategy !== "linear" && strategy !== "canary")
    return [{ path: ["traffic"], message: "only says something where the strategy is linear or canary" }];
  return strategy === "linear" && (traffic.percent ?? 100) < 3
    ? [{ path: ["traffic", "percent"], message: "must be at least 3 where the strategy is linear" }]
    : [];
}

function shiftFaults({ shift, capacity }: Ecs): readonly Found[] {
  const known = Object.keys(capacity ?? {});
  return shift.flatMap(({ weights }, index): readonly Found[] => {
    const path = ["shift", index, "weights"];
    const others = Object.keys(weights).filter((name) => capacity !== undefined && !known.includes(name));
    // What the service itself has besides, only ECS knows.
    const all =
      capacity === undefined ? [] : known.map((name) => weights[name] ?? capacity[name]?.weight ?? 0);
    return [
      ...others.map((name) => ({
        path: [...path, name],
        message: `is no capacity provider of the service${nearest(name, known)}`,
      })),
      ...(all.length > 0 && all.every((weight) => weight === 0)
        ? [{ path, message: "needs a weight above 0 on at least one capacity provider" }]
        : []),
    ];
  });
}

/** @param built undefined where an image's name is faulty itself: it may be the one that is meant */
function containerFaults(
  containers: Ecs["containers"],
  built: readonly (string | undefined)[],
): readonly Found[] {
  if (containers === undefined) return [];
  if (Object.keys(containers).length === 0) return [{ path: ["containers"], message: "names no container" }];
  const names = built.flatMap((name) => (name === undefined ? [] : [name]));
  if (names.length < built.length || names.length === 0) return [];
  return Object.entries(containers)
    .filter(([, image]) => !names.includes(image))
    .map(([container, image]) => ({
      path: ["containers", container],
      message: `image "${image}" is not built here${nearest(image, names)}`,
    }));
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html, `capacityProviderStrategy`. */
function capacityFaults(capacity: Ecs["capacity"]): readonly Found[] {
  if (capacity === undefined) return [];
  const providers = Object.values(capacity);
  const messages = [
    ...(providers.length > 20 ? ["has more than 20 capacity providers"] : []),
    ...(providers.every(({ weight }) => weight === 0)
      ? ["needs a weight above 0 on at least one capacity provider"]
      : []),
    ...(providers.filter(({ base }) => base > 0).length > 1
      ? ["may have a base on one capacity provider only"]
      : []),
  ];
  return messages.map((message) => ({ path: ["capacity"], message }));
}

/** The indexes of values that stood earlier already, each with where. */
function duplicates(
  values: readonly unknown[],
): readonly { readonly index: number; readonly first: number }[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    return value === undefined || first === index ? [] : [{ index, first }];
  });
}
