import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { alone } from "../../local/package.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** Packages the stack as a user would, without credentials and without a region, and gives the template. */
export async function packageStack(): Promise<Template> {
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
    return template;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
