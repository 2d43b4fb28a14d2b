import { createHash } from "node:crypto";
import type { Aws } from "../../shared/effects/aws.ts";
import type { EffectContext } from "../../shared/effects/context.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { REPOSITORY_URI, T0 } from "../pipeline/given.ts";

/** The operations a test provides; any other call fails the test. */
export type Provided = { readonly [S in Exclude<keyof Aws, "query">]?: Partial<Aws[S]> } & {
  readonly query?: Aws["query"];
};

export interface Call {
  readonly operation: string;
  readonly input: unknown;
}

/** An error as the SDK throws it, told by its name. */
export function awsError(name: string, message = "said AWS"): Error {
  return Object.assign(new Error(message), { name });
}

/** As AWS refuses a function of Tandem what its role does not allow. */
export function denied(
  action: string,
  resource = "arn:aws:ecs:us-east-1:000000000000:service/production/web",
  why = `because no identity-based policy allows the ${action} action`,
): Error {
  const session = "arn:aws:sts::000000000000:assumed-role/tandem-on-build-change/tandem-on-build-change";
  const message = `User: ${session} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  return awsError("AccessDeniedException", message);
}

/** AWS with just these operations; every call is written down. */
export function fakeAws(provided: Provided): { readonly aws: Aws; readonly calls: readonly Call[] } {
  const calls: Call[] = [];
  const op =
    <Input, Output>(operation: string, answer: ((input: Input) => Promise<Output>) | undefined) =>
    (input: Input): Promise<Output> => {
      calls.push({ operation, input });
      return answer === undefined
        ? Promise.reject(new Error(`nobody expects ${operation} here`))
        : answer(input);
    };
  const { codebuild, codecommit, ecr, ecs, logs } = provided;
  const aws: Aws = {
    codebuild: {
      startBuild: op("StartBuild", codebuild?.startBuild),
      stopBuild: op("StopBuild", codebuild?.stopBuild),
      batchGetBuilds: op("BatchGetBuilds", codebuild?.batchGetBuilds),
      listBuildsForProject: op("ListBuildsForProject", codebuild?.listBuildsForProject),
    },
    codecommit: {
      getBranch: op("GetBranch", codecommit?.getBranch),
      getCommit: op("GetCommit", codecommit?.getCommit),
      listPullRequests: op("ListPullRequests", codecommit?.listPullRequests),
      getPullRequest: op("GetPullRequest", codecommit?.getPullRequest),
      getDifferences: op("GetDifferences", codecommit?.getDifferences),
      listBranches: op("ListBranches", codecommit?.listBranches),
      getFile: op("GetFile", codecommit?.getFile),
    },
    ecr: {
      batchGetImage: op("BatchGetImage", ecr?.batchGetImage),
      putImage: op("PutImage", ecr?.putImage),
      describeImageScanFindings: op("DescribeImageScanFindings", ecr?.describeImageScanFindings),
      getDownloadUrlForLayer: op("GetDownloadUrlForLayer", ecr?.getDownloadUrlForLayer),
      describeImages: op("DescribeImages", ecr?.describeImages),
      getLifecyclePolicy: op("GetLifecyclePolicy", ecr?.getLifecyclePolicy),
    },
    ecrPublic: {
      getAuthorizationToken: op("GetAuthorizationToken", provided.ecrPublic?.getAuthorizationToken),
    },
    ecs: {
      describeServices: op("DescribeServices", ecs?.describeServices),
      describeTaskDefinition: op("DescribeTaskDefinition", ecs?.describeTaskDefinition),
      listTaskDefinitions: op("ListTaskDefinitions", ecs?.listTaskDefinitions),
      registerTaskDefinition: op("RegisterTaskDefinition", ecs?.registerTaskDefinition),
      updateService: op("UpdateService", ecs?.updateService),
      describeClusters: op("DescribeClusters", ecs?.describeClusters),
      describeCapacityProviders: op("DescribeCapacityProviders", ecs?.describeCapacityProviders),
      listContainerInstances: op("ListContainerInstances", ecs?.listContainerInstances),
      describeContainerInstances: op("DescribeContainerInstances", ecs?.describeContainerInstances),
      listTasks: op("ListTasks", ecs?.listTasks),
      describeTasks: op("DescribeTasks", ecs?.describeTasks),
      listServiceDeployments: op("ListServiceDeployments", ecs?.listServiceDeployments),
      describeServiceRevisions: op("DescribeServiceRevisions", ecs?.describeServiceRevisions),
      describeServiceDeployments: op("DescribeServiceDeployments", ecs?.describeServiceDeployments),
      continueServiceDeployment: op("ContinueServiceDeployment", ecs?.continueServiceDeployment),
      runTask: op("RunTask", ecs?.runTask),
      stopTask: op("StopTask", ecs?.stopTask),
    },
    lambda: { invoke: op("Invoke", provided.lambda?.invoke) },
    cloudwatch: { describeAlarms: op("DescribeAlarms", provided.cloudwatch?.describeAlarms) },
    query: (service, version, action, parameters) => {
      calls.push({ operation: action, input: parameters });
      return provided.query === undefined
        ? Promise.reject(new Error(`nobody expects ${action} here`))
        : provided.query(service, version, action, parameters);
    },
    logs: { getLogEvents: op("GetLogEvents", logs?.getLogEvents) },
  };
  return { aws, calls };
}

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** What an effect is handed. */
export function contextOf(aws: Aws, store: Store = memoryStore()): EffectContext {
  return {
    aws,
    store,
    settings: {
      projects: { x86_64: "build-x86_64", arm64: "build-arm64" },
      untrustedProjects: { x86_64: "untrusted-x86_64", arm64: "untrusted-arm64" },
      repositoryUris: { hello: REPOSITORY_URI },
      publicRegistryUrl: "https://public.ecr.aws",
      codecommitUrl: "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/",
      githubUrl: "https://github.com",
      buildspec: "version: 0.2",
    },
    now: () => T0,
    sha256,
  };
}

/** The names of the calls, in order. */
export const operations = (calls: readonly Call[]) => calls.map(({ operation }) => operation);

/** What a call said in one field; undefined when there was no such call or field. */
export function said(call: Call | undefined, field: string): unknown {
  const input = call?.input;
  if (typeof input !== "object" || input === null) return undefined;
  return Object.entries(input).find(([name]) => name === field)?.[1];
}
