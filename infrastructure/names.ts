import type { PipelineDefinition } from "../shared/pipeline/definition.ts";

/** Values that occur in any pipeline, once each and in order. */
export function distinct(
  pipelines: readonly PipelineDefinition[],
  of: (pipeline: PipelineDefinition) => readonly string[],
): readonly string[] {
  return [...new Set(pipelines.flatMap(of))].sort();
}

/** Those in this account's ECR: the stack makes their repositories. */
export const imagesOf = ({ images }: PipelineDefinition) =>
  images.flatMap(({ name, registry }) => (registry === undefined ? [name] : []));

/** Those at ECR Public, whose repositories are there already: its API is in two regions only, CloudFormation's in one. */
export const publicImagesOf = ({ images }: PipelineDefinition) =>
  images.flatMap(({ name, registry }) => (registry === undefined ? [] : [name]));

export const codecommitRepositoriesOf = ({ source }: PipelineDefinition) =>
  source.type === "codecommit" ? [source.repository] : [];

/** Those of them whose pull requests are built. */
export const reviewedRepositoriesOf = ({ source }: PipelineDefinition) =>
  source.type === "codecommit" && source.pullRequests !== "off" ? [source.repository] : [];

/** The connections that builds read GitHub with. */
export const connectionsOf = ({ source }: PipelineDefinition) =>
  source.type === "github" && source.connection !== undefined ? [source.connection] : [];

/** The logical ids of the CodeBuild projects. */
export const TRUSTED_PROJECTS = ["ProjectX8664", "ProjectArm64"] as const;

export const PROJECTS = [...TRUSTED_PROJECTS, "UntrustedProjectX8664", "UntrustedProjectArm64"] as const;

/** `CLUSTER/SERVICE` of every deployment. */
export const servicesOf = ({ stages }: PipelineDefinition) =>
  stages.flatMap(({ deploy }) => deploy.map(({ cluster, service }) => `${cluster}/${service}`));

export const clustersOf = ({ stages }: PipelineDefinition) =>
  stages.flatMap(({ deploy }) => deploy.map(({ cluster }) => cluster));

/** The logical id of an image's repository: letters and digits only, and different for different names. */
export function repositoryId(image: string): string {
  const words = image.split(/[^a-zA-Z0-9]/).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  const marks = image.replace(/[a-zA-Z0-9]/g, "");
  return `Image${words.join("")}${[...marks].map((mark) => mark.charCodeAt(0)).join("")}`;
}

export const sub = (text: string) => ({ "Fn::Sub": text });

export const attribute = (id: string, name: string) => ({ "Fn::GetAtt": [id, name] });
