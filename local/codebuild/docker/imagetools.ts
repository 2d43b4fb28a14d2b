import { z } from "zod";
import { parseFlags, UsageError } from "./flags.ts";
import { formatTemplate, GoStruct } from "./go-template.ts";
import { descriptor } from "./image.ts";
import { parseRemote } from "./reference.ts";
import { type Manifest, remoteRepository } from "./registry-client.ts";

const FLAGS = { "--raw": "switch", "--format": "value", "--builder": "value" } as const;

const imageManifest = z.looseObject({ config: descriptor });
const platform = z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const imageIndex = z.looseObject({
  manifests: z.array(descriptor.extend({ platform: platform.optional() })),
});
const imageConfig = z.looseObject({
  os: z.string().default(""),
  architecture: z.string().default(""),
  variant: z.string().optional(),
  created: z.string().optional(),
});

/**
 * `docker buildx imagetools inspect`.
 * See https://docs.docker.com/reference/cli/docker/buildx/imagetools/inspect/.
 *
 * @returns what it prints
 */
export async function inspectImage(args: readonly string[], signal: AbortSignal): Promise<string> {
  const command = "docker buildx imagetools inspect";
  const { flags, positionals } = parseFlags(command, args, FLAGS);
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError(`${command} takes exactly one image`);
  const { host, repository, tag, digest } = parseRemote(name);
  const remote = remoteRepository(host, repository, signal);
  const manifest = await remote.manifest(digest ?? tag ?? "latest");
  if (flags.get("--raw")?.at(-1) === "true") return manifest.content.toString("utf8");
  const format = flags.get("--format")?.at(-1);
  if (format === undefined) return summary(name, manifest);
  // The config is fetched only for a template that asks for it.
  const image = format.includes(".Image")
    ? await imageOf(manifest, (wanted) => remote.blob(wanted))
    : undefined;
  return formatTemplate(format, {
    Name: name,
    Manifest: manifestStruct(manifest),
    ...(image === undefined ? {} : { Image: image }),
  });
}

function summary(name: string, manifest: Manifest): string {
  const { mediaType, digest } = manifest.descriptor;
  const lines = [`Name:      ${name}`, `MediaType: ${mediaType}`, `Digest:    ${digest}`];
  const index = imageIndex.safeParse(contentOf(manifest));
  if (!index.success) return lines.join("\n");
  const base = name.replace(/@.*$/, "");
  const children = index.data.manifests.map((child) => {
    const { os, architecture, variant } = child.platform ?? { os: "unknown", architecture: "unknown" };
    const platformName = [os, architecture, variant].filter((part) => part !== undefined).join("/");
    return `  Name:      ${base}@${child.digest}\n  MediaType: ${child.mediaType}\n  Platform:  ${platformName}`;
  });
  return [...lines, "", "Manifests:", children.join("\n\n")].join("\n");
}

function manifestStruct(manifest: Manifest): GoStruct {
  const { mediaType, digest, size } = manifest.descriptor;
  const index = imageIndex.safeParse(contentOf(manifest));
  const fields = { MediaType: mediaType, Digest: digest, Size: size };
  if (!index.success) return new GoStruct(fields, { mediaType, digest, size });
  const { manifests } = index.data;
  return new GoStruct(
    { ...fields, Manifests: manifests },
    { schemaVersion: 2, mediaType, digest, size, manifests },
  );
}

/** The config of an image; of an index, one for each platform by its name. */
async function imageOf(manifest: Manifest, blob: (digest: string) => Promise<Buffer>): Promise<GoStruct> {
  const parsed = imageManifest.safeParse(contentOf(manifest));
  if (!parsed.success) {
    throw new UsageError(
      ".Image of an index is not supported in local builds: name one of its images by digest",
    );
  }
  const raw: unknown = JSON.parse((await blob(parsed.data.config.digest)).toString("utf8"));
  const { os, architecture, variant, created } = imageConfig.parse(raw);
  return new GoStruct(
    { OS: os, Architecture: architecture, Variant: variant ?? "", Created: created ?? "" },
    raw,
  );
}

function contentOf(manifest: Manifest): unknown {
  return JSON.parse(manifest.content.toString("utf8"));
}
