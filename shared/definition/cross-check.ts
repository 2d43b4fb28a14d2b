import { nearest } from "./nearest.ts";
import type { PipelineFile } from "./schema.ts";

/** A fault between parts that are each well-formed. */
export interface CrossFault {
  readonly file: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

interface Checked {
  readonly file: string;
  readonly value: PipelineFile;
}

/** Names given twice, images that are not built, platforms and providers that contradict each other. */
export function crossFaults(files: readonly Checked[]): readonly CrossFault[] {
  const names = duplicates(files.map(({ value }) => value.name)).map(
    (index): CrossFault => ({
      file: files[index]?.file ?? "",
      path: ["name"],
      message: `another pipeline is called "${files[index]?.value.name}" already`,
    }),
  );
  return [...names, ...files.flatMap(faultsOf)];
}

function faultsOf({ file, value }: Checked): readonly CrossFault[] {
  const built = value.images.map(({ name }) => name);
  const fault = (path: readonly (string | number)[], message: string): CrossFault => ({
    file,
    path,
    message,
  });
  return [
    ...duplicates(built).map((index) =>
      fault(["images", index, "name"], `image "${built[index]}" is there twice`),
    ),
    ...duplicates(value.stages.map(({ name }) => name)).map((index) =>
      fault(["stages", index, "name"], `stage "${value.stages[index]?.name}" is there twice`),
    ),
    ...value.images.flatMap(({ platforms, compute }, index) => [
      ...duplicates(platforms).map((at) =>
        fault(["images", index, "platforms", at], `${platforms[at]} is there twice`),
      ),
      ...Object.keys(compute)
        .filter((platform) => !platforms.some((known) => known === platform))
        .map((platform) =>
          fault(["images", index, "compute", platform], `the image is not built for ${platform}`),
        ),
    ]),
    ...value.stages.flatMap(({ deploy }, stage) =>
      deploy.flatMap(({ ecs }, index) => {
        const at = ["stages", stage, "deploy", index, "ecs"];
        return [
          ...Object.entries(ecs.containers)
            .filter(([, image]) => !built.includes(image))
            .map(([container, image]) =>
              fault(
                [...at, "containers", container],
                `image "${image}" is not built here${nearest(image, built)}`,
              ),
            ),
          ...(Object.keys(ecs.containers).length === 0
            ? [fault([...at, "containers"], "names no container")]
            : []),
          ...capacityFaults(ecs.capacity).map((message) => fault([...at, "capacity"], message)),
        ];
      }),
    ),
    ...services(file, value),
  ];
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html, `capacityProviderStrategy`. */
function capacityFaults(
  capacity: Readonly<Record<string, { base: number; weight: number }>> | undefined,
): readonly string[] {
  if (capacity === undefined) return [];
  const providers = Object.values(capacity);
  return [
    ...(providers.length > 20 ? ["has more than 20 capacity providers"] : []),
    ...(providers.every(({ weight }) => weight === 0)
      ? ["needs a weight above 0 on at least one capacity provider"]
      : []),
    ...(providers.filter(({ base }) => base > 0).length > 1
      ? ["may have a base on one capacity provider only"]
      : []),
  ];
}

function services(file: string, value: PipelineFile): readonly CrossFault[] {
  return value.stages.flatMap(({ deploy }, stage) =>
    duplicates(deploy.map(({ ecs }) => `${ecs.cluster}/${ecs.service}`)).map((index) => ({
      file,
      path: ["stages", stage, "deploy", index, "ecs", "service"],
      message: "the stage deploys this service twice",
    })),
  );
}

/** The indexes of values that stood earlier already. */
function duplicates(values: readonly string[]): readonly number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
