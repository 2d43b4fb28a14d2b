/**
 * What a release manager is shown before a decision, besides what the run's own view says of the stage's services (the
 * changes of their task definitions, whether they could go back): `GET /api/runs/{run}/stages/{stage}/card`. Facts that
 * cannot be had (a scan that was never made, commits that the source does not tell) are absent, and `missing` says why.
 * Times are ISO 8601 in UTC, durations seconds, sizes bytes.
 */
export interface CardView {
  readonly run: string;
  readonly pipeline: string;
  readonly sequence: number;
  readonly stage: string;
  /** The release that a decision is about; to be sent back with it. */
  readonly release: string;
  /** What the stage runs now; absent before the first. */
  readonly current?: CardRelease | undefined;
  /** Commits since the stage's release, the newest first. */
  readonly commits: readonly CardCommit[];
  /** More commits than are listed. */
  readonly moreCommits?: number | undefined;
  /** The source's page that compares the two. */
  readonly compare?: string | undefined;
  /** Commits that the stage has and this release has not: it goes back. */
  readonly goesBack?: boolean | undefined;
  /** Each image on each architecture, against the last release. */
  readonly images: readonly CardImage[];
  readonly approval: CardApproval;
  readonly missing: readonly string[];
}

export interface CardRelease {
  readonly run: string;
  readonly sequence: number;
  readonly commit: string;
  readonly release: string;
  readonly at?: string | undefined;
}

export interface CardCommit {
  readonly commit: string;
  /** The whole message, as it was written. */
  readonly message: string;
  readonly author: string;
  readonly at?: string | undefined;
  readonly link?: string | undefined;
}

export interface CardImage {
  readonly image: string;
  readonly platform: string;
  readonly digest?: string | undefined;
  readonly size?: number | undefined;
  readonly sizeBefore?: number | undefined;
  readonly buildSeconds?: number | undefined;
  readonly buildSecondsBefore?: number | undefined;
  readonly scan?: ScanView | undefined;
}

export interface ScanView {
  /** ECR's word: `COMPLETE`, `IN_PROGRESS`, `FAILED`, `UNSUPPORTED_IMAGE`, … */
  readonly status: string;
  /** Findings by severity: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW`, … */
  readonly findings: Readonly<Record<string, number>>;
  /** Findings that the stage's own release has not. */
  readonly added?: Readonly<Record<string, number>> | undefined;
  readonly link?: string | undefined;
}

export interface CardApproval {
  readonly open: boolean;
  readonly required: number;
  readonly from: readonly string[];
  /** Who is in those groups, as far as the definition or the user pool lists them. */
  readonly may?: readonly string[] | undefined;
  readonly given: readonly {
    readonly person: string;
    readonly at: string;
    readonly comment?: string | undefined;
  }[];
  readonly openedAt: string;
  readonly expiresAt: string;
  /** Why earlier approvals no longer count. */
  readonly voided: readonly string[];
  /** What the person who asks may do; the server decides again when it is done. */
  readonly you: YourPart;
}

export interface YourPart {
  readonly mayApprove: boolean;
  readonly mayRefuse: boolean;
  readonly mayWithdraw: boolean;
  /** Let it begin in spite of its window and checks. */
  readonly mayOverride: boolean;
  /** Why not, e.g. "you are the author of this commit". */
  readonly why?: string | undefined;
}
