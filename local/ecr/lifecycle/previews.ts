import type { Expired } from "./evaluate.ts";

/** What a preview has found, and for which policy. */
export interface Preview {
  readonly policyText: string;
  readonly results: readonly Expired[];
}

/** The last preview of each repository; ECR keeps them for a day, here they last as long as the process. */
export type Previews = Map<string, Preview>;
