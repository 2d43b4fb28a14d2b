import "./quiet.ts";
import { createApp } from "../../functions/api/app.ts";
import { type Deps, runStream } from "../../shared/advance.ts";
import type { Directory } from "../../shared/effects/directory.ts";
import { stageStream } from "../../shared/effects/stage-lock.ts";
import type { Source } from "../../shared/intake/source.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { evolveStageLock, FREE, type StageLockEvent } from "../../shared/pipeline/stage-lock.ts";
import { headOf } from "../../shared/pipeline/view.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { contextOf, fakeAws } from "../effects/fakes.ts";
import { definition, runAfter, started, T0, UNTIL_GATED } from "../pipeline/given.ts";

export const ISSUER = "https://issuer.example/pool";

/** A token's claims as API Gateway hands them on. */
export type Claims = Readonly<Record<string, string>>;

/** Who asks: an ARN, a token's claims, or nobody whom an authorizer has found. */
export type As = string | Claims | undefined;

/** What Cognito says of somebody. */
export function person(name: string, groups = "", change: Claims = {}): Claims {
  return {
    iss: ISSUER,
    sub: `sub-of-${name}`,
    token_use: "id",
    "cognito:username": name,
    email: `${name}@example.com`,
    email_verified: "true",
    ...(groups === "" ? {} : { "cognito:groups": groups }),
    ...change,
  };
}

export const arn = (name: string, role = "release-managers"): string =>
  `arn:aws:sts::000000000000:assumed-role/${role}/${name}`;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export interface SettingOptions {
  readonly pipeline?: PipelineDefinition;
  readonly people?: RunEventOf<"run.started">["people"];
  readonly readers?: readonly string[];
  readonly operators?: readonly string[];
  readonly token?: "id_token" | "access_token";
  /** What comes of a run's commands: nothing, unless told. */
  readonly perform?: Deps["perform"];
  /** Whom the user pool has in a group. */
  readonly members?: Directory["members"];
}

/** The HTTP API over a store in memory, with a run at production's gate; nothing outside is asked for anything. */
export class Setting {
  readonly store = memoryStore();
  now = T0 + 1_000;
  readonly #app: ReturnType<typeof createApp>;

  constructor({
    pipeline = definition(),
    readers = [],
    operators = [],
    token = "id_token",
    perform = async () => ({ events: [], wake: [] }),
    members = async (group) => (group === "release-managers" ? ["alice", "bob"] : []),
  }: SettingOptions) {
    const { aws } = fakeAws({});
    const deps = {
      store: this.store,
      now: () => this.now,
      perform,
    };
    const source: Source = {
      head: async () => ({ commit: "2".repeat(40) }),
      commit: async () => undefined,
      changedFiles: async () => "unknown",
      relation: async () => "unknown",
      branches: async () => [],
    };
    const settings = {
      rules: { token, nameClaim: "", groupsClaim: "" },
      access: { readers, operators },
      signIn: { issuer: ISSUER, clientId: "client", scope: "openid", token },
      signInOrigins: [ISSUER],
    };
    const effects = contextOf(aws, this.store);
    const sources = { codecommit: source, github: source };
    const directory = {
      members,
      hasRole: async (name: string) => name === "release-managers",
    };
    const pipelines = [pipeline];
    this.#app = createApp({ deps, effects, pipelines, sources, settings, directory }, {});
  }

  static async atTheGate(options: SettingOptions = {}): Promise<Setting> {
    const setting = new Setting(options);
    const { pipeline = definition(), people = {} } = options;
    const [, ...rest] = UNTIL_GATED;
    await setting.tell([started({ definition: pipeline, people }), ...rest]);
    await setting.lock({ type: "stage.entered", runId: "hello-1", sequence: 1, phase: "gated" });
    return setting;
  }

  /** What has happened to a run that is new. */
  async tell(events: readonly RunEvent[]): Promise<void> {
    const run = runAfter(...events);
    await this.store.streams.append(runStream(run.id), 0, events);
    await this.store.heads.put(headOf(run, 1));
  }

  /** What has happened to production's lock. */
  async lock(...events: readonly StageLockEvent[]): Promise<void> {
    const stream = stageStream("hello", "production");
    const { version, state } = await this.store.streams.last(stream);
    const lock = version === 0 ? FREE : (state as typeof FREE);
    await this.store.streams.append(stream, version, events, events.reduce(evolveStageLock, lock));
  }

  /** Everything that is stored about the run and the stage. */
  async stored(): Promise<unknown> {
    const names = [runStream("hello-1"), stageStream("hello", "production"), "decisions#hello"];
    return Promise.all(names.map((name) => this.store.streams.load(name)));
  }

  get(path: string, as: As, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask("GET", path, as, { headers });
  }

  post(path: string, as: As, body: unknown): Promise<Answer> {
    return this.ask("POST", path, as, { body: JSON.stringify(body) });
  }

  /** As API Gateway would invoke the function. */
  async ask(method: string, path: string, as: As, init: RequestInit = {}): Promise<Answer> {
    const authorizer =
      as === undefined
        ? {}
        : { authorizer: typeof as === "string" ? { iam: { userArn: as } } : { jwt: { claims: as } } };
    const requestContext = { ...authorizer, http: { sourceIp: "192.0.2.7" }, requestId: "request-1" };
    const response = await this.#app.request(path, { method, ...init }, { event: { requestContext } });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
  }
}

export const APPROVAL_PATH = "/console/api/runs/hello-1/stages/production/approval";
