import type { ImageDefinition } from "../pipeline/definition.ts";
import type { EffectContext, Settings } from "./context.ts";
import { ecrRepository } from "./ecr-repository.ts";
import { ociRepository } from "./oci-repository.ts";
import type { Repository } from "./registry.ts";

/** What a definition writes before the alias of a registry at ECR Public. */
const PUBLIC = "public.ecr.aws";

type Target = Pick<ImageDefinition, "name" | "registry">;

/** Where an image goes, as builds and task definitions name it: `REGISTRY/NAME`. */
export function repositoryUri(settings: Settings, { name, registry }: Target): string {
  if (registry === undefined) return settings.repositoryUris[name] ?? name;
  return `${settings.publicRegistryUrl.replace(/^https?:\/\//, "")}${registry.slice(PUBLIC.length)}/${name}`;
}

/** The repository of an image: in this account's ECR by its API, at ECR Public by the registry's. */
export async function repositoryOf(
  { aws, settings, sha256 }: Pick<EffectContext, "aws" | "settings" | "sha256">,
  image: Target,
): Promise<Repository> {
  if (image.registry === undefined) return ecrRepository(aws.ecr, image.name, sha256);
  const { authorizationData } = await aws.ecrPublic.getAuthorizationToken({});
  const token = authorizationData?.authorizationToken;
  if (token === undefined) throw new Error("ECR Public gave no authorization token");
  const { origin, protocol } = new URL(settings.publicRegistryUrl);
  const uri = new URL(`${protocol}//${repositoryUri(settings, image)}`);
  return ociRepository({ origin, path: uri.pathname.slice(1), token }, sha256);
}
