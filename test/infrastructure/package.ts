import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { alone } from "../../local/package.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

export interface Packaged {
  readonly template: Template;
  /** Of each file of a function's package, how many bytes it has: `onGithubWebhook` → `functions/….mjs` → n. */
  readonly sizes: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Packages the stack as a user would, without credentials and without a region. */
export async function packageStack(): Promise<Packaged> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-package-"));
  try {
    const command = [join(ROOT, "node_modules/serverless/bin/serverless.js"), "package", "--package", folder];
    const options = { cwd: ROOT, env: { PATH: process.env.PATH ?? "", HOME: folder } };
    // Tests beside this one start `tandem local up` in this very checkout.
    await alone(ROOT, new AbortController().signal, () =>
      promisify(execFile)(process.execPath, command, options),
    );
    const text = await readFile(join(folder, "cloudformation-template-update-stack.json"), "utf8");
    const template: Template = JSON.parse(text);
    const zips = (await readdir(folder)).filter((name) => name.endsWith(".zip"));
    const sizes = await Promise.all(
      zips.map(async (name) => [name.replace(/\.zip$/, ""), sizesIn(await readFile(join(folder, name)))]),
    );
    return { template, sizes: Object.fromEntries(sizes) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function sizesIn(zip: Uint8Array): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(unzipSync(zip)).map(([name, { length }]) => [name, length]));
}

/** Every statement of every role's policies, by the role's logical id. */
export function statementsOf(template: Template): Readonly<Record<string, readonly Statement[]>> {
  const roles = Object.entries(template.Resources).filter(([, { Type }]) => Type === "AWS::IAM::Role");
  return Object.fromEntries(
    roles.map(([id, { Properties }]) => {
      const policies = (Properties.Policies ?? []) as readonly {
        PolicyDocument: { Statement: Statement[] };
      }[];
      return [id, policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)];
    }),
  );
}

export interface Statement {
  readonly Sid?: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

export function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
