import { appRoutes } from "./apps.ts";
import type { Route } from "./call.ts";
import { checkRunRoutes } from "./check-runs.ts";
import { commitRoute, commitRoutes } from "./commits.ts";
import { compareRoutes } from "./compare.ts";
import { contentsRoutes } from "./contents.ts";
import { deploymentStatusRoutes } from "./deployment-statuses.ts";
import { deploymentRoutes } from "./deployments.ts";
import { hookRoutes } from "./hooks.ts";
import { pullRoutes } from "./pulls.ts";
import { releaseRoutes } from "./releases.ts";
import { repositoryRoutes } from "./repositories.ts";
import { statusRoutes } from "./statuses.ts";

/** The part of GitHub's REST API that is here; the first route that fits takes a request. */
export const ROUTES: readonly Route[] = [
  ...appRoutes,
  ...repositoryRoutes,
  ...commitRoutes,
  ...statusRoutes,
  ...checkRunRoutes,
  commitRoute,
  ...compareRoutes,
  ...contentsRoutes,
  ...deploymentRoutes,
  ...deploymentStatusRoutes,
  ...pullRoutes,
  ...releaseRoutes,
  ...hookRoutes,
];
