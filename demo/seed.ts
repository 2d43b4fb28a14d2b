import type { Clients } from "./clients.ts";
import { createClusters, waitForServices } from "./clusters.ts";
import { pushFirstImage } from "./first-image.ts";
import type { Scene } from "./options.ts";
import { createRepository } from "./repository.ts";

/**
 * What the pipeline `hello` expects to be there: the repository, both clusters, and a service in each that runs version 0,
 * since a service is there before its first release. What is there already stays as it is.
 */
export async function seed(clients: Clients, scene: Scene): Promise<void> {
  await createRepository(clients);
  const image = await pushFirstImage(scene);
  await createClusters(clients, image, scene.signal);
  await waitForServices(clients, scene.signal);
}
