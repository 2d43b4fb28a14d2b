import type { LocalContext } from "../../service.ts";

/**
 * Where ECR Public is on a laptop: `127.0.0.1:4566/public.ecr.aws/ALIAS/NAME` stands for `public.ecr.aws/ALIAS/NAME`. Any
 * alias is the account's own, since nobody can ask for one here.
 */
export const publicPrefix = "public.ecr.aws";

/** The alias that the account's repositories are shown with. */
export const defaultAlias = "local";

/** `hello` of `public.ecr.aws/ALIAS/hello`; a name that is no address is left as it is. */
export function keyOf(name: string): string {
  const [prefix, alias, ...rest] = name.split("/");
  return prefix === publicPrefix && alias !== undefined && rest.length > 0 ? rest.join("/") : name;
}

/** What image references into a public repository begin with. */
export function publicUri(
  { registryHost }: Pick<LocalContext, "registryHost">,
  repositoryName: string,
): string {
  return `${registryHost}/${publicPrefix}/${defaultAlias}/${repositoryName}`;
}
