/** A platform as OCI writes it down. https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md#image-index-property-descriptions */
export interface OciPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** `linux/arm64/v8` and `linux/arm64` name one machine; so do the other spellings that builders have used. */
const SPELLINGS: Readonly<Record<string, string>> = {
  "arm64/v8": "arm64",
  "arm64/8": "arm64",
  aarch64: "arm64",
  x86_64: "amd64",
  "amd64/v1": "amd64",
  // 32-bit Arm without a variant is v7 to containerd and to Docker.
  arm: "arm/v7",
  "arm/7": "arm/v7",
};

/** One spelling for each platform, `os/architecture[/variant]`. */
export function platformName({ os, architecture, variant }: OciPlatform): string {
  const machine = variant === undefined || variant === "" ? architecture : `${architecture}/${variant}`;
  return `${os}/${SPELLINGS[machine] ?? machine}`;
}

/** The parts of a platform's name. */
export function parsePlatform(name: string): OciPlatform {
  const [os = "", architecture = "", variant] = name.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function samePlatform(a: string, b: string): boolean {
  return platformName(parsePlatform(a)) === platformName(parsePlatform(b));
}
