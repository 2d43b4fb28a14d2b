import { z } from "zod";
import { formatPlatform, normal, type Platform } from "./platform.ts";

const strings = z.array(z.string()).nullish();
const set = z.record(z.string(), z.looseObject({})).nullish();

const healthcheck = z.looseObject({
  Test: z.array(z.string()).optional(),
  Interval: z.number().optional(),
  Timeout: z.number().optional(),
  StartPeriod: z.number().optional(),
  StartInterval: z.number().optional(),
  Retries: z.number().optional(),
});

/** What a container is started with. Members that only Docker knows are kept as they are. */
const runtimeConfig = z.looseObject({
  User: z.string().nullish(),
  ExposedPorts: set,
  Env: strings,
  Entrypoint: strings,
  Cmd: strings,
  Volumes: set,
  WorkingDir: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().nullish(),
  Shell: strings,
  Healthcheck: healthcheck.nullish(),
  OnBuild: strings,
});

const historyEntry = z.object({
  created: z.string().optional(),
  created_by: z.string().optional(),
  author: z.string().optional(),
  comment: z.string().optional(),
  empty_layer: z.boolean().optional(),
});

const imageConfig = z.object({
  created: z.string().optional(),
  author: z.string().optional(),
  architecture: z.string(),
  variant: z.string().optional(),
  os: z.string(),
  config: runtimeConfig.nullish().transform((config) => config ?? {}),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(z.string()) }),
  history: z
    .array(historyEntry)
    .nullish()
    .transform((history) => history ?? []),
});

export type RuntimeConfig = z.infer<typeof runtimeConfig>;
export type Healthcheck = z.infer<typeof healthcheck>;

/**
 * An image's configuration.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md
 */
export type ImageConfig = z.infer<typeof imageConfig>;

/** What every shell looks through, as docker sets it in images made from scratch. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Reads a configuration as a registry serves it; undefined when it is none. */
export function parseImageConfig(json: unknown): ImageConfig | undefined {
  return imageConfig.safeParse(json).data;
}

/** The configuration of `FROM scratch`. */
export function scratchConfig({ os, architecture, variant }: Platform): ImageConfig {
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: { Env: [`PATH=${defaultPath}`], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [] },
    history: [],
  };
}

/** The platform a configuration is for, e.g. `linux/arm64`. */
export function platformName(config: Platform): string {
  return formatPlatform(normal(config));
}

/** The configuration with its maps in order, as JSON: the same content is the same bytes. */
export function writeImageConfig(image: ImageConfig): Buffer {
  const { ExposedPorts, Volumes, Labels, ...rest } = image.config;
  const config = {
    ...rest,
    ...(ExposedPorts ? { ExposedPorts: sorted(ExposedPorts) } : {}),
    ...(Volumes ? { Volumes: sorted(Volumes) } : {}),
    ...(Labels ? { Labels: sorted(Labels) } : {}),
  };
  return Buffer.from(JSON.stringify({ ...image, config }));
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
