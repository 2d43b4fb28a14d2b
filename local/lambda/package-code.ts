import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { unzipSync } from "fflate";
import { AwsError } from "../service.ts";

/** Where a deployment package was unpacked, and which one it was. */
export interface PackageCode {
  readonly directory: string;
  /** As `GetFunctionConfiguration` gives it: base64 of the zip's SHA-256. */
  readonly sha256: string;
  readonly size: number;
}

/**
 * Unpacks a deployment package below `root/code/`, once per content.
 *
 * @throws AwsError that names the function and the file when the zip is missing or broken.
 */
export async function unpackCode(root: string, functionName: string, zipFile: string): Promise<PackageCode> {
  const zip = await readZip(functionName, zipFile);
  const digest = createHash("sha256").update(zip).digest();
  const codeRoot = join(root, "code");
  const directory = join(codeRoot, digest.toString("hex").slice(0, 32));
  const code = { directory, sha256: digest.toString("base64"), size: zip.length };
  if (existsSync(directory)) return code;

  const temporary = join(codeRoot, `unpacking-${randomUUID()}`);
  await writeEntries(temporary, functionName, zipFile, zip);
  await rename(temporary, directory).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true });
    // Another function with the same package was faster.
    if (!existsSync(directory)) throw error;
  });
  return code;
}

async function readZip(functionName: string, zipFile: string): Promise<Buffer> {
  try {
    return await readFile(zipFile);
  } catch (cause) {
    const message = `Function ${functionName}: its package ${zipFile} cannot be read. Run \`npx serverless package\`.`;
    throw Object.assign(new AwsError("InvalidParameterValueException", message), { cause });
  }
}

async function writeEntries(
  target: string,
  functionName: string,
  zipFile: string,
  zip: Buffer,
): Promise<void> {
  const fail = (why: string) => {
    const message = `Function ${functionName}: its package ${zipFile} ${why}. Run \`npx serverless package\` again.`;
    return new AwsError("InvalidParameterValueException", message);
  };
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(zip);
  } catch (cause) {
    throw Object.assign(fail("is not a readable zip file"), { cause });
  }
  await mkdir(target, { recursive: true });
  for (const [name, content] of Object.entries(entries)) {
    const path = resolve(target, name);
    if (!path.startsWith(target + sep)) throw fail(`has an entry outside its folder (${name})`);
    if (name.endsWith("/")) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/**
 * What the managed runtime puts around a function: nothing above the package decides what kind of module it is, and the
 * AWS SDK is there although it is not in the package
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html#nodejs-sdk-included).
 */
export async function prepareRuntime(root: string): Promise<void> {
  const codeRoot = join(root, "code");
  // What was unpacked earlier is not needed: every start deploys all functions again.
  await rm(codeRoot, { recursive: true, force: true });
  await mkdir(codeRoot, { recursive: true });
  await writeFile(join(codeRoot, "package.json"), "{}\n");
  const modules = join(root, "node_modules");
  const sdk = dirname(
    dirname(createRequire(import.meta.url).resolve("@aws-sdk/client-dynamodb/package.json")),
  );
  await mkdir(modules, { recursive: true });
  // Anew at every start: the project may have moved since the state was written.
  await rm(join(modules, "@aws-sdk"), { force: true });
  await symlink(sdk, join(modules, "@aws-sdk"), "dir");
}
