import type { Aws } from "../../shared/effects/aws.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import type { Gate } from "./invocation.ts";

/** The store, each call of which waits for its turn. */
export function gatedStore(store: Store, gate: Gate): Store {
  const { streams, intake, heads, deliveries } = store;
  return {
    streams: {
      load: (stream) => gate(`load ${stream}`, () => streams.load(stream)),
      last: (stream) => gate(`last ${stream}`, () => streams.last(stream)),
      append: (stream, version, events, state) =>
        gate(`append ${stream} after ${version}${typesOf(events)}`, () =>
          streams.append(stream, version, events, state),
        ),
    },
    intake: {
      draw: (pipeline) => gate(`draw a number of ${pipeline}`, () => intake.draw(pipeline)),
      put: (pipeline, sequence, slot, at) =>
        gate(`put ${pipeline}-${sequence}: ${slot.type}`, () => intake.put(pipeline, sequence, slot, at)),
      find: (pipeline, sequence) =>
        gate(`find ${pipeline}-${sequence}`, () => intake.find(pipeline, sequence)),
      after: (pipeline, sequence, limit) =>
        gate(`what was accepted after ${pipeline}-${sequence}`, () =>
          intake.after(pipeline, sequence, limit),
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
export function gatedAws(aws: Aws, gate: Gate): Aws {
  const { codebuild, codecommit, ecr, ecrPublic, ecs, query, cloudwatch, lambda, logs } = aws;
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
      getFile: (input) => gate(`GetFile ${input.filePath}`, () => codecommit.getFile(input)),
      listPullRequests: (input) => gate("ListPullRequests", () => codecommit.listPullRequests(input)),
      getPullRequest: (input) => gate("GetPullRequest", () => codecommit.getPullRequest(input)),
      getCommit: (input) => gate("GetCommit", () => codecommit.getCommit(input)),
      getDifferences: (input) => gate("GetDifferences", () => codecommit.getDifferences(input)),
      listBranches: (input) => gate("ListBranches", () => codecommit.listBranches(input)),
    },
    ecr: {
      batchGetImage: (input) => gate(`BatchGetImage ${input.repositoryName}`, () => ecr.batchGetImage(input)),
      putImage: (input) =>
        gate(`PutImage ${input.repositoryName}:${input.imageTag}`, () => ecr.putImage(input)),
      getDownloadUrlForLayer: (input) =>
        gate("GetDownloadUrlForLayer", () => ecr.getDownloadUrlForLayer(input)),
      describeImageScanFindings: (input) =>
        gate("DescribeImageScanFindings", () => ecr.describeImageScanFindings(input)),
      describeImages: (input) => gate("DescribeImages", () => ecr.describeImages(input)),
      getLifecyclePolicy: (input) => gate("GetLifecyclePolicy", () => ecr.getLifecyclePolicy(input)),
    },
    ecrPublic: {
      getAuthorizationToken: (input) =>
        gate("GetAuthorizationToken", () => ecrPublic.getAuthorizationToken(input)),
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
      describeServiceDeployments: (input) =>
        gate("DescribeServiceDeployments", () => ecs.describeServiceDeployments(input)),
      continueServiceDeployment: (input) =>
        gate(`ContinueServiceDeployment ${input.hookId}`, () => ecs.continueServiceDeployment(input)),
      runTask: (input) => gate(`RunTask ${input.taskDefinition}`, () => ecs.runTask(input)),
      stopTask: (input) => gate(`StopTask ${input.task}`, () => ecs.stopTask(input)),
      describeClusters: (input) => gate("DescribeClusters", () => ecs.describeClusters(input)),
      describeCapacityProviders: (input) =>
        gate("DescribeCapacityProviders", () => ecs.describeCapacityProviders(input)),
      listContainerInstances: (input) =>
        gate("ListContainerInstances", () => ecs.listContainerInstances(input)),
      describeContainerInstances: (input) =>
        gate("DescribeContainerInstances", () => ecs.describeContainerInstances(input)),
      listTasks: (input) => gate(`ListTasks ${input.serviceName}`, () => ecs.listTasks(input)),
      describeTasks: (input) => gate("DescribeTasks", () => ecs.describeTasks(input)),
    },
    query: (...input) => gate(input[2], () => query(...input)),
    cloudwatch: {
      describeAlarms: (input) => gate("DescribeAlarms", () => cloudwatch.describeAlarms(input)),
    },
    lambda: { invoke: (input) => gate(`Invoke ${input.FunctionName}`, () => lambda.invoke(input)) },
    logs: { getLogEvents: (input) => gate("GetLogEvents", () => logs.getLogEvents(input)) },
  };
}
