import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  StartBuildCommand,
  type StartBuildCommandInput,
} from "@aws-sdk/client-codebuild";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { temporaryCredentials } from "../../local/aws/people.ts";
import { type CodeBuildDependencies, createCodeBuild } from "../../local/codebuild/service.ts";
import { type CodeCommit, createCodeCommit } from "../../local/codecommit/service.ts";
import { createEcr } from "../../local/ecr/service.ts";
import type { Engine } from "../../local/engine.ts";
import { LocalServer } from "../../local/server.ts";
import type { EventDraft, LocalContext, LocalService } from "../../local/service.ts";

/** An event's detail, for assertions. */
export type Detail = Readonly<Record<string, unknown>>;

/** CodeCommit, CodeBuild and ECR behind a real HTTP server on a free port, as clients see them. */
export interface CodeEndpoint {
  readonly url: string;
  readonly host: string;
  readonly context: LocalContext;
  readonly codecommit: CodeCommit;
  readonly codebuild: LocalService;
  readonly ecr: LocalService;
  readonly client: CodeBuildClient;
  readonly stateDir: string;
  readonly said: readonly string[];
  /** Every event that was put on the bus, in order. */
  readonly events: readonly EventDraft[];
  /** Resolves with the first event of which `matches` is true, those of the past included. */
  event(matches: (event: EventDraft) => boolean): Promise<EventDraft>;
  /** The lines of a log stream so far. */
  log(group: string, stream: string): readonly string[];
  /** Resolves once a line of any stream matches. */
  logged(pattern: RegExp): Promise<string>;
  /** Calls an operation of CodeCommit over HTTP. @returns status and body */
  codecommitCall(
    operation: string,
    input: unknown,
  ): Promise<{ readonly status: number; readonly body: Detail }>;
  /** Makes a project; `buildspec` inline. */
  project(name: string, properties?: Readonly<Record<string, unknown>>): Promise<void>;
  start(input: StartBuildCommandInput): Promise<Build>;
  build(id: string): Promise<Build>;
  /** Resolves with the build once it has ended. */
  ended(id: string): Promise<Build>;
  /** Starts a build without a source and waits for its end. */
  run(
    buildspec: string,
    input?: Partial<StartBuildCommandInput>,
  ): Promise<{ build: Build; log: readonly string[] }>;
  /** Stops the server; the state stays. */
  stop(): Promise<void>;
}

export interface CodeEndpointOptions {
  readonly stateDir: string;
  readonly engine?: Engine;
  readonly dependencies?: CodeBuildDependencies;
}

const ACCOUNT = "000000000000";

/** Starts the three services over a state folder. */
export async function startCode(options: CodeEndpointOptions): Promise<CodeEndpoint> {
  const server = await LocalServer.listen(0);
  const host = `127.0.0.1:${server.port}`;
  const url = `http://${host}`;
  const events: EventDraft[] = [];
  const said: string[] = [];
  const streams = new Map<string, string[]>();
  const watchers = new Set<() => void>();
  const happened = () => {
    for (const watcher of watchers) watcher();
  };
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  const context: LocalContext = {
    url,
    registryHost: host,
    accountId: ACCOUNT,
    region: "us-east-1",
    stateDir: options.stateDir,
    emit: (event) => {
      events.push(structuredClone(event));
      happened();
    },
    logs: {
      put: (group, stream, lines) => {
        const key = `${group} ${stream}`;
        streams.set(key, [...(streams.get(key) ?? []), ...lines]);
        happened();
      },
    },
    now: Date.now,
    say: (line) => {
      said.push(line);
    },
    credentials: temporaryCredentials,
  };
  const engine = options.engine ?? { name: "none", description: "no engine" };
  const parts = async () => {
    const codecommit = await createCodeCommit(context);
    const ecr = await createEcr(context);
    return { codecommit, ecr, codebuild: await createCodeBuild(context, engine, options.dependencies) };
  };
  const { codecommit, ecr, codebuild } = await parts().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const services = new Map<string, LocalService>([
    ["codecommit", codecommit],
    ["codebuild", codebuild],
    ["ecr", ecr],
  ]);
  const answer404: Parameters<LocalServer["serve"]>[0]["control"] = async (_, response) => {
    response.writeHead(404).end();
  };
  server.serve({
    endpoint: new AwsEndpoint({
      services,
      faults: new FaultSwitch(),
      calls: new CallLog(),
      accountId: ACCOUNT,
      now: Date.now,
      say: context.say,
    }),
    services: services.values(),
    gateway: { handle: answer404 },
    control: answer404,
    say: context.say,
  });
  const client = new CodeBuildClient({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });

  const build = async (id: string): Promise<Build> => {
    const [found] = (await client.send(new BatchGetBuildsCommand({ ids: [id] }))).builds ?? [];
    if (found === undefined) throw new Error(`no build ${id}`);
    return found;
  };
  const start = async (input: StartBuildCommandInput): Promise<Build> => {
    const started = (await client.send(new StartBuildCommand(input))).build;
    if (started === undefined) throw new Error("StartBuild returned no build");
    return started;
  };
  const ended = async (id: string): Promise<Build> => {
    await until(() => events.find((event) => isEndOf(event, id)));
    return build(id);
  };
  const project: CodeEndpoint["project"] = async (name, properties = {}) => {
    const apply = codebuild.resources?.["AWS::CodeBuild::Project"];
    if (apply === undefined) throw new Error("CodeBuild creates no projects");
    await apply({
      logicalId: "Project",
      type: "AWS::CodeBuild::Project",
      properties: {
        Name: name,
        ServiceRole: `arn:aws:iam::${ACCOUNT}:role/build-role`,
        Artifacts: { Type: "NO_ARTIFACTS" },
        Source: { Type: "NO_SOURCE" },
        Environment: {
          Type: "LINUX_CONTAINER",
          Image: "aws/codebuild/amazonlinux-x86_64-standard:5.0",
          ComputeType: "BUILD_GENERAL1_SMALL",
          PrivilegedMode: true,
        },
        ...properties,
      },
    });
  };
  const log = (group: string, stream: string) => streams.get(`${group} ${stream}`) ?? [];
  return {
    url,
    host,
    context,
    codecommit,
    codebuild,
    ecr,
    client,
    stateDir: options.stateDir,
    said,
    events,
    event: (matches) => until(() => events.find(matches)),
    log,
    logged: (pattern) => until(() => [...streams.values()].flat().find((line) => pattern.test(line))),
    codecommitCall: async (operation, input) => {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": `CodeCommit_20150413.${operation}`,
          "x-amz-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
          // The signature of a key that nobody has issued is not checked.
          authorization:
            "AWS4-HMAC-SHA256 Credential=tester/20261121/us-east-1/codecommit/aws4_request, " +
            `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
        },
        body: JSON.stringify(input),
      });
      const body: unknown = await response.json();
      return { status: response.status, body: isDetail(body) ? body : {} };
    },
    project,
    start,
    build,
    ended,
    run: async (buildspec, input = {}) => {
      const projectName = input.projectName ?? "plain";
      if (input.projectName === undefined) await project(projectName);
      const started = await start({ projectName, buildspecOverride: buildspec, ...input });
      const finished = await ended(started.id ?? "");
      return { build: finished, log: log(finished.logs?.groupName ?? "", finished.logs?.streamName ?? "") };
    },
    stop: async () => {
      client.destroy();
      server.refuse();
      await codebuild.close();
      await Promise.all([codecommit.close(), ecr.close()]);
      await server.close();
    },
  };
}

function isEndOf(event: EventDraft, id: string): boolean {
  if (event.detailType !== "CodeBuild Build State Change") return false;
  const detail = detailOf(event);
  return String(detail["build-id"]).endsWith(`build/${id}`) && detail["build-status"] !== "IN_PROGRESS";
}

export function isDetail(value: unknown): value is Detail {
  return typeof value === "object" && value !== null;
}

export function detailOf(event: EventDraft): Detail {
  return isDetail(event.detail) ? event.detail : {};
}

/** A folder that a test file may use and must give back. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "tandem-code-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Git as a person runs it, with nothing of this machine's configuration. @returns what it prints, both streams */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)("git", [...args], {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_NAME: "Ada",
      GIT_AUTHOR_EMAIL: "ada@example.com",
      GIT_COMMITTER_NAME: "Grace",
      GIT_COMMITTER_EMAIL: "grace@example.com",
      GIT_AUTHOR_DATE: "1700000000 +0900",
      GIT_COMMITTER_DATE: "1700000100 -0130",
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  return (stdout + stderr).trim();
}

/** A new working copy with one commit of these files (path → text; a path ending in `*` is executable). */
export async function workingCopy(
  parent: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly path: string; readonly commit: string }> {
  const path = join(parent, name);
  await mkdir(path, { recursive: true });
  await git(path, "init", "--quiet", "--initial-branch=main");
  return { path, commit: await commit(path, files, "first") };
}

/** Adds a commit. @returns its id */
export async function commit(
  path: string,
  files: Readonly<Record<string, string>>,
  message: string,
): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    const executable = file.endsWith("*");
    const target = join(path, executable ? file.slice(0, -1) : file);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
    if (executable) await chmod(target, 0o755);
  }
  await git(path, "add", "--all");
  await git(path, "commit", "--quiet", "--allow-empty", "--message", message);
  return git(path, "rev-parse", "HEAD");
}
