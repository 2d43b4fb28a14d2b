import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readState, StateError, writeState } from "../state.ts";
import { type Project, project } from "./model.ts";

const VERSION = 1;

const stored = z.object({ project, lastBuildNumber: z.number().int() });

export interface ProjectStore {
  find(name: string): Project | undefined;
  list(): readonly Project[];
  /** Creates or replaces. */
  put(project: Project): Promise<void>;
  /** Gives the number of the project's next build, once; `stored` resolves when that is on the disk. */
  takeBuildNumber(name: string): { readonly buildNumber: number; readonly stored: Promise<void> };
}

/**
 * Opens the projects below a folder.
 *
 * @throws StateError naming the file when one cannot be read
 */
export async function openProjectStore(folder: string): Promise<ProjectStore> {
  await mkdir(folder, { recursive: true });
  const projects = new Map<string, z.infer<typeof stored>>();
  for (const entry of (await readdir(folder)).filter((name) => name.endsWith(".json")).sort()) {
    const file = join(folder, entry);
    const parsed = stored.safeParse(await readState(file, VERSION));
    if (!parsed.success) {
      throw new StateError(`${file} is not a stored CodeBuild project: move it away, or use another --state`);
    }
    projects.set(parsed.data.project.name, parsed.data);
  }
  const save = async (record: z.infer<typeof stored>) => {
    projects.set(record.project.name, record);
    await writeState(join(folder, `${record.project.name}.json`), VERSION, record);
  };
  return {
    find: (name) => projects.get(name)?.project,
    list: () =>
      [...projects.values()].map((record) => record.project).sort((a, b) => (a.name < b.name ? -1 : 1)),
    put: (changed) =>
      save({ project: changed, lastBuildNumber: projects.get(changed.name)?.lastBuildNumber ?? 0 }),
    takeBuildNumber: (name) => {
      const record = projects.get(name);
      if (record === undefined) throw new Error(`there is no project ${name}`);
      const buildNumber = record.lastBuildNumber + 1;
      return { buildNumber, stored: save({ ...record, lastBuildNumber: buildNumber }) };
    },
  };
}
