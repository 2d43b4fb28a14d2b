import type { Aws } from "../../shared/effects/aws.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import type { Gate } from "./invocation.ts";

/** The store, each call of which waits for its turn. */
export function gatedStore(store: Store, gate: Gate): Store {
  const { streams, heads, deliveries } = store;
  return {
    streams: {
      load: (stream) => gate(`load ${stream}`, () => streams.load(stream)),
      last: (stream) => gate(`last ${stream}`, () => streams.last(stream)),
      append: (stream, version, events, state) =>
        gate(`append ${stream} after ${version}${typesOf(events)}`, () =>
          streams.append(stream, version, events, state),
        ),
    },
    heads: {
      put: (head) => gate(`put head ${head.runId} ${head.status}`, () => heads.put(head)),
      list: (options) => gate("list heads", () => heads.list(options)),
      active: (options) => gate("list active heads", () => heads.active(options)),
    },
    deliveries: {
      find: (key) => gate(`find delivery ${key.id}`, () => deliveries.find(key)),
      record: (delivery) => gate(`record delivery ${delivery.id}`, () => deliveries.record(delivery)),
      ofCommit: (commit) => gate(`deliveries of ${commit}`, () => deliveries.ofCommit(commit)),
    },
  };
}

function typesOf(events: readonly unknown[]): string {
  const types = events.map((event) =>
    typeof event === "object" && event !== null && "type" in event ? String(event.type) : "?",
  );
  return `: ${types.join(" + ")}`;
}

/** AWS, each call of which waits for its turn. */
export function gatedAws({ codebuild, codecommit, ecr, ecs, logs }: Aws, gate: Gate): Aws {
  return {
    codebuild: {
      startBuild: (input) => gate(`StartBuild ${input.idempotencyToken}`, () => codebuild.startBuild(input)),
      stopBuild: (input) => gate(`StopBuild ${input.id}`, () => codebuild.stopBuild(input)),
      batchGetBuilds: (input) => gate("BatchGetBuilds", () => codebuild.batchGetBuilds(input)),
      listBuildsForProject: (input) =>
        gate("ListBuildsForProject", () => codebuild.listBuildsForProject(input)),
    },
    codecommit: {
      getBranch: (input) => gate(`GetBranch ${input.branchName}`, () => codecommit.getBranch(input)),
      getCommit: (input) => gate("GetCommit", () => codecommit.getCommit(input)),
      getDifferences: (input) => gate("GetDifferences", () => codecommit.getDifferences(input)),
      listBranches: (input) => gate("ListBranches", () => codecommit.listBranches(input)),
    },
    ecr: {
      batchGetImage: (input) => gate(`BatchGetImage ${input.repositoryName}`, () => ecr.batchGetImage(input)),
      putImage: (input) =>
        gate(`PutImage ${input.repositoryName}:${input.imageTag}`, () => ecr.putImage(input)),
    },
    ecs: {
      describeServices: (input) =>
        gate(`DescribeServices ${input.cluster}/${input.services}`, () => ecs.describeServices(input)),
      describeTaskDefinition: (input) =>
        gate(`DescribeTaskDefinition ${input.taskDefinition}`, () => ecs.describeTaskDefinition(input)),
      listTaskDefinitions: (input) =>
        gate(`ListTaskDefinitions ${input.familyPrefix}`, () => ecs.listTaskDefinitions(input)),
      registerTaskDefinition: (input) =>
        gate(`RegisterTaskDefinition ${input.family}`, () => ecs.registerTaskDefinition(input)),
      updateService: (input) =>
        gate(`UpdateService ${input.cluster}/${input.service} ${input.taskDefinition}`, () =>
          ecs.updateService(input),
        ),
      listServiceDeployments: (input) =>
        gate(`ListServiceDeployments ${input.service}`, () => ecs.listServiceDeployments(input)),
      describeServiceRevisions: (input) =>
        gate("DescribeServiceRevisions", () => ecs.describeServiceRevisions(input)),
      listTasks: (input) => gate(`ListTasks ${input.serviceName}`, () => ecs.listTasks(input)),
      describeTasks: (input) => gate("DescribeTasks", () => ecs.describeTasks(input)),
    },
    logs: { getLogEvents: (input) => gate("GetLogEvents", () => logs.getLogEvents(input)) },
  };
}
