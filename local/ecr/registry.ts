import { join } from "node:path";
import type { LocalContext } from "../service.ts";
import { StateError } from "../state.ts";
import { BlobStore } from "./blob-store.ts";
import { RepositoryStore } from "./repository-store.ts";
import { Uploads } from "./uploads.ts";

/** The content that the ECR API and the OCI distribution API both serve. */
export interface Registry {
  readonly context: LocalContext;
  readonly blobs: BlobStore;
  readonly repositories: RepositoryStore;
  readonly uploads: Uploads;
}

/**
 * Opens the registry kept below `stateDir/ecr`, or another folder there.
 *
 * @throws Error naming the file and the remedy when the state on disk is not whole
 */
export async function openRegistry(
  context: LocalContext,
  {
    folder: name = "ecr",
    keyOf,
  }: { readonly folder?: string; readonly keyOf?: (name: string) => string } = {},
): Promise<Registry> {
  const folder = join(context.stateDir, name);
  const blobs = await BlobStore.open(folder);
  const repositories = await RepositoryStore.open(join(folder, "repositories"), context.accountId, keyOf);
  await sweep(folder, blobs, repositories);
  return { context, blobs, repositories, uploads: new Uploads(blobs, context.now) };
}

/** Removes content that no repository has any more, and makes sure that every manifest is there. */
async function sweep(folder: string, blobs: BlobStore, repositories: RepositoryStore): Promise<void> {
  const wanted = new Set<string>();
  for (const repository of repositories.all()) {
    for (const digest of repository.layers) wanted.add(digest);
    for (const image of repository.images.values()) {
      wanted.add(image.digest);
      if ((await blobs.size(image.digest)) !== image.size) {
        throw new StateError(
          `${folder}: the manifest ${image.digest} of the repository ${repository.name} is missing or cut short: ` +
            "move the folder away and push again, or use another --state",
        );
      }
    }
  }
  await blobs.keepOnly(wanted);
}
