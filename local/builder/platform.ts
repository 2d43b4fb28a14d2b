import { Refusal } from "./build-error.ts";

/**
 * What an image runs on, in OCI's (Go's) names.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md#platform-variants
 */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const aliases: Readonly<Record<string, Platform>> = {
  x86_64: { os: "linux", architecture: "amd64" },
  aarch64: { os: "linux", architecture: "arm64" },
  armhf: { os: "linux", architecture: "arm", variant: "v7" },
};

/**
 * Reads `os/architecture[/variant]`. What the variant says by default is left out or put in, so that
 * two names of one platform are equal: `linux/arm64/v8` is `linux/arm64`, `linux/arm` is `linux/arm/v7`.
 *
 * @throws Refusal
 */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text.toLowerCase());
  if (!match) {
    throw new Refusal(`'${text}' is not a platform`, "write it as os/architecture, for example linux/arm64");
  }
  const [, os = "", architecture = "", variant] = match;
  return normal({ os, architecture, variant });
}

/** The platform under its usual name. */
export function normal({ os, architecture, variant }: Platform): Platform {
  const alias = aliases[architecture];
  if (alias) return normal({ ...alias, os, variant: variant ?? alias.variant });
  if (architecture === "arm") return { os, architecture, variant: variant || "v7" };
  const implied = architecture === "arm64" ? "v8" : architecture === "amd64" ? "v1" : "";
  return variant && variant !== implied ? { os, architecture, variant } : { os, architecture };
}

/** Writes a platform as `os/architecture[/variant]`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** The platform of this machine. */
export function machinePlatform(): Platform {
  const architecture = process.arch === "x64" ? "amd64" : process.arch === "ia32" ? "386" : process.arch;
  return normal({ os: "linux", architecture });
}

/**
 * The first of `offered` that runs on `wanted`: the platform itself, or (32-bit arm) an older variant.
 *
 * @param platformOf undefined for what is not an image to run
 */
export function choosePlatform<T>(
  offered: readonly T[],
  platformOf: (item: T) => Platform | undefined,
  wanted: Platform,
): T | undefined {
  for (const variant of compatibleVariants(wanted)) {
    const name = formatPlatform(normal({ ...wanted, variant }));
    const found = offered.find((item) => {
      const platform = platformOf(item);
      return platform !== undefined && formatPlatform(normal(platform)) === name;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

function compatibleVariants({ architecture, variant }: Platform): readonly (string | undefined)[] {
  if (architecture === "arm") return ["v7", "v6", "v5"].filter((other) => other <= (variant ?? "v7"));
  return variant === undefined ? [undefined] : [variant, undefined];
}
