/**
 * What the HTTP API answers, besides a run (`view.ts`): for the console and the CLI. Below `/api/` for whoever signs with
 * AWS Signature Version 4, and the same below `/console/api/` for whoever brings a token of the issuer. Times are
 * ISO 8601 in UTC.
 */

/**
 * `GET /console/sign-in.json`, for everybody: where people sign in. Authorization code flow with PKCE, a public client; what
 * comes back is sent as `Authorization: Bearer …` to `/console/api/`.
 */
export interface SignInView {
  /** Its discovery document is at `ISSUER/.well-known/openid-configuration`. */
  readonly issuer: string;
  readonly clientId: string;
  /** Separated by spaces, as the authorization endpoint wants them. */
  readonly scope: string;
  /** Which of the token endpoint's two tokens the API takes. */
  readonly token: "access_token" | "id_token";
  /** Where the browser goes to sign out, when the issuer's discovery document names no `end_session_endpoint`. */
  readonly signOut?: string | undefined;
}

/** `GET /api/me` */
export interface MeView {
  /** The name that the record shows and that people are counted by. */
  readonly person: string;
  /** The raw identity: an ARN, or `ISSUER#SUBJECT`. */
  readonly identity: string;
  /** Other names of the same person that are known here: e-mail address, login, subject. */
  readonly aliases: readonly string[];
  readonly groups: readonly string[];
  /** `jwt`: signed in at the issuer; `iam`: signed with AWS credentials. */
  readonly by: "jwt" | "iam";
  readonly may: {
    readonly read: boolean;
    /** Pipelines that the person may start and stop runs of. */
    readonly operate: readonly string[];
    /** Stages whose groups the person is in. */
    readonly decide: readonly StageRef[];
  };
}

export interface StageRef {
  readonly pipeline: string;
  readonly stage: string;
}

/** `GET /api/runs?limit=&cursor=&pipeline=&status=`: the newest first. */
export interface RunsAnswer {
  readonly runs: readonly RunLine[];
  /**
   * Hand it in again for the next page; absent on the last. With a filter a page may hold fewer runs than its limit, also
   * none, and yet have a next.
   */
  readonly cursor?: string | undefined;
}

/** A run in a list. Derived; may lag behind the run for a moment. */
export interface RunLine {
  readonly id: string;
  readonly pipeline: string;
  readonly sequence: number;
  /** `building`, `publishing`, `staging`, `succeeded`, `failed`, `stopped`, `superseded`. */
  readonly status: string;
  /** Of a run that is `staging`. */
  readonly stage?: string | undefined;
  readonly commit: string;
  readonly ref: string;
  readonly startedAt: string;
  readonly updatedAt: string;
}

/** `GET /api/pipelines` */
export interface PipelinesAnswer {
  readonly pipelines: readonly PipelineView[];
}

export interface PipelineView {
  readonly name: string;
  readonly source: { readonly type: "codecommit" | "github"; readonly repository: string };
  readonly mode: string;
  readonly images: readonly { readonly name: string; readonly platforms: readonly string[] }[];
  /** The number of the newest run; 0 before the first. */
  readonly sequence: number;
  readonly stages: readonly PipelineStageView[];
}

/** A stage as it is now, whichever run is in it. */
export interface PipelineStageView {
  readonly name: string;
  /** Where people find what the stage runs. */
  readonly url?: string | undefined;
  readonly services: readonly { readonly cluster: string; readonly service: string }[];
  readonly approval?:
    | { readonly from: readonly string[]; readonly required: number; readonly selfApproval: boolean }
    | undefined;
  /** What the stage runs: the release of the last run that succeeded there. */
  readonly release?: ReleaseLine | undefined;
  /** Services that do without an architecture since it was taken out. */
  readonly quarantined?: readonly QuarantinedLine[] | undefined;
  /** Set by a rollback: nothing enters until somebody releases it. */
  readonly hold?: { readonly run: string; readonly reason: string } | undefined;
  /** The run that has the stage. */
  readonly holder?: StageHolder | undefined;
  /** Runs that wait for the stage, in the order of their turn. */
  readonly queue: readonly { readonly run: string; readonly sequence: number }[];
}

export interface QuarantinedLine {
  readonly cluster: string;
  readonly service: string;
  /** As ECS says it. */
  readonly architecture: string;
  readonly reason: string;
}

/** `GET /api/pipelines/PIPELINE/stages/STAGE/weights`: how the tasks of its services are shared out, as ECS has it now. */
export interface WeightsAnswer {
  readonly services: readonly ServiceWeights[];
}

export interface ServiceWeights {
  readonly cluster: string;
  readonly service: string;
  /** By capacity provider; absent when the service has none. */
  readonly capacity?:
    | Readonly<Record<string, { readonly base: number; readonly weight: number }>>
    | undefined;
}

export interface ReleaseLine {
  readonly run: string;
  readonly sequence: number;
  readonly commit: string;
  readonly ref: string;
  /** Index digests in the order of the pipeline's images, joined by commas. */
  readonly release: string;
  /** When it had been deployed here. */
  readonly at: string;
}

export interface StageHolder {
  readonly run: string;
  readonly sequence: number;
  readonly phase: "gated" | "deploying";
  readonly commit: string;
  readonly since: string;
  /** Of a gated one. */
  readonly gate?: GateLine | undefined;
}

/** A gate in a list; the run's own view has all of it. */
export interface GateLine {
  readonly release: string;
  readonly from: readonly string[];
  readonly required: number;
  /** Who has approved. */
  readonly approvals: readonly string[];
  readonly expiresAt: string;
}

/** `GET /api/inbox`: what waits for the one who asks, the oldest first. */
export interface InboxAnswer {
  readonly person: string;
  readonly items: readonly InboxItem[];
}

export type InboxItem = InboxApproval | InboxHold;

interface InboxLine {
  readonly pipeline: string;
  readonly stage: string;
  /** The run that waits; of a hold, the one that was rolled back. */
  readonly run: string;
  readonly since: string | undefined;
}

export interface InboxApproval extends InboxLine {
  readonly type: "approval";
  readonly commit: string;
  readonly ref: string;
  readonly author?: string | undefined;
  readonly gate: GateLine;
  /** Addresses below `/api` or `/console/api`. */
  readonly links: {
    /** The run: GET. */
    readonly run: string;
    /** What has happened to it: GET. */
    readonly events: string;
    /** What there is to know before a decision: GET. */
    readonly card: string;
    /** The decision: POST. */
    readonly approval: string;
  };
  /** Why the one who asks may not approve although they are in a group, e.g. as the author. */
  readonly barred?: string | undefined;
}

export interface InboxHold extends InboxLine {
  readonly type: "hold";
  readonly reason: string;
  readonly links: {
    readonly run: string;
    /** POST `{ "reason": … }`. */
    readonly releaseHold: string;
  };
}

/** `GET /api/pipelines/PIPELINE/stages/STAGE/history?limit=&cursor=`: the newest first. */
export interface HistoryAnswer {
  readonly pipeline: string;
  readonly stage: string;
  readonly entries: readonly HistoryEntry[];
  readonly cursor?: string | undefined;
}

/** A run's time in a stage. */
export interface HistoryEntry {
  readonly run: string;
  readonly sequence: number;
  readonly commit: string;
  readonly ref: string;
  readonly release?: string | undefined;
  /** `waiting`, `gated`, `deploying`, `succeeded`, `failed`, `rolled-back`, `refused`, `expired`, `superseded`. */
  readonly outcome: string;
  readonly reason?: string | undefined;
  readonly enteredAt?: string | undefined;
  readonly leftAt?: string | undefined;
  /** Who has decided. */
  readonly decisions: readonly AuditEntry[];
}

/** `GET /api/audit?from=&to=&pipeline=&cursor=`: decisions from `from` (inclusive) to `to` (exclusive). */
export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
  /** A page may be empty and yet have a next. */
  readonly cursor?: string | undefined;
}

/** One decision of a person. */
export interface AuditEntry {
  readonly at: string;
  /** `start`, `approve`, `refuse`, `withdraw`, `override`, `roll-back`, `stop`, `release-hold`, … */
  readonly act: string;
  readonly pipeline: string;
  readonly run?: string | undefined;
  readonly stage?: string | undefined;
  /** The canonical name. */
  readonly person: string;
  /** As authenticated: an ARN, or `ISSUER#SUBJECT`. */
  readonly identity: string;
  /** What was shown and decided on: index digests. */
  readonly release?: string | undefined;
  readonly commit?: string | undefined;
  readonly comment?: string | undefined;
  /** From where: the caller's address and how it came, when it was recorded. */
  readonly from?: string | undefined;
}

/** `GET /api/groups`: the groups that pipelines let decide. */
export interface GroupsAnswer {
  readonly groups: readonly GroupView[];
}

/** Who is in a group, as far as it is known. Whoever signs in with another issuer's group of that name is in it, too. */
export interface GroupView {
  readonly name: string;
  readonly pipeline: string;
  /** How many people a stage asks of the group alone. */
  readonly required: number;
  /** People whom the definition lists. */
  readonly listed: readonly string[];
  /** People whom the stack's user pool has in it; absent when that cannot be told. */
  readonly members?: readonly string[] | undefined;
  /** Whether there is an IAM role of that name, whose sessions are in the group; absent when that cannot be told. */
  readonly role?: boolean | undefined;
}

/** Every refusal: a code that programs read and a sentence that people read. */
export interface RefusalAnswer {
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** With 409 of an approval: what has changed since the card was drawn. */
    readonly changed?: readonly string[] | undefined;
  };
  /** The same, as the interface of the approval says. */
  readonly changed?: readonly string[] | undefined;
}
