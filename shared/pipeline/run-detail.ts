/**
 * What AWS and the source tell of a run, beside the record: `GET /api/runs/{run}/details`. Whatever could not be had is
 * absent. Times are ISO 8601 in UTC, durations seconds, sizes bytes.
 */
export interface RunDetails {
  readonly run: string;
  /** The commit's message, as it was written. */
  readonly message?: string | undefined;
  /** The source's page of the commit. */
  readonly link?: string | undefined;
  readonly builds: readonly BuildDetails[];
  readonly images: readonly ImageDetails[];
}

export interface BuildDetails {
  readonly image: string;
  readonly platform: string;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly phases: readonly BuildPhase[];
  readonly cost?: BuildCost | undefined;
  readonly log?: BuildLog | undefined;
}

export interface BuildPhase {
  /** `QUEUED`, `PROVISIONING`, `DOWNLOAD_SOURCE`, `PRE_BUILD`, `BUILD`, … */
  readonly name: string;
  readonly seconds?: number | undefined;
  /** `SUCCEEDED`, `FAILED`, …; absent while it runs. */
  readonly status?: string | undefined;
}

/** An estimate from the compute type's price per minute. */
export interface BuildCost {
  readonly usd: number;
  readonly compute: string;
}

/** The last lines, secrets taken out. */
export interface BuildLog {
  readonly lines: readonly string[];
  readonly link?: string | undefined;
}

export interface ImageDetails {
  readonly image: string;
  readonly children: readonly ChildDetails[];
}

/** One platform of an index. */
export interface ChildDetails {
  readonly platform: string;
  readonly digest: string;
  /** Its layers and its configuration, compressed, as ECR counts them. */
  readonly size?: number | undefined;
}
