import { chmod, copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { esbuildBinary } from "./esbuild-binary.ts";

/** What the two platforms call themselves: in a Dockerfile (TARGETARCH), by uname, and at npm. */
const PLATFORMS = [
  { targetArch: "amd64", architecture: "x86_64", npm: "linux-x64" },
  { targetArch: "arm64", architecture: "arm64", npm: "linux-arm64" },
] as const;

const SOURCE = dirname(fileURLToPath(import.meta.url));

/**
 * Writes the repository that is pushed: the Dockerfile, a page for each platform, and the program for each platform.
 * @param folder is created; what is there already is overwritten
 * @param version what the page says it is
 * @throws Error when a program has to be fetched and cannot be, with the remedy
 */
export async function prepareHello(folder: string, version: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of ["Dockerfile", ".dockerignore", "commit.txt"])
    await copyFile(join(SOURCE, file), join(folder, file));
  await cp(join(SOURCE, "www"), join(folder, "www", "common"), { recursive: true });
  await writePages(folder, version);
  await Promise.all(PLATFORMS.map(({ targetArch, npm }) => placeBinary(folder, targetArch, npm)));
}

/** Writes the page of a version for each platform, so that it names its own architecture without a script. */
export async function writePages(folder: string, version: number): Promise<void> {
  const template = await readFile(join(SOURCE, "page.html"), "utf8");
  // Each version has a colour of its own, so that a roll from one to the next is seen in a browser as well.
  const hue = String((210 + (version - 1) * 137) % 360);
  for (const { targetArch, architecture } of PLATFORMS) {
    const values: Readonly<Record<string, string>> = {
      version: String(version),
      architecture,
      platform: `linux/${targetArch}`,
      hue,
    };
    const page = template.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
    await mkdir(join(folder, "www", targetArch), { recursive: true });
    await writeFile(join(folder, "www", targetArch, "index.html"), page);
  }
}

async function placeBinary(folder: string, targetArch: string, npm: string): Promise<void> {
  const to = join(folder, "bin", targetArch, "esbuild");
  await mkdir(dirname(to), { recursive: true });
  await copyFile(await esbuildBinary(npm), to);
  await chmod(to, 0o755);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, version = "1"] = process.argv.slice(2);
  if (folder === undefined || !/^[1-9]\d{0,5}$/.test(version)) {
    process.stderr.write("usage: npx tsx examples/hello/prepare.ts FOLDER [VERSION]\n");
    process.exitCode = 2;
  } else {
    await prepareHello(folder, Number(version)).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    });
  }
}
