/** What packaging puts into the bundles: see `infrastructure/bundle-plugins.cjs`. */
declare module "tandem:pipelines" {
  const pipelines: readonly import("../shared/pipeline/definition.ts").PipelineDefinition[];
  export default pipelines;
}

declare module "tandem:buildspec" {
  const buildspec: string;
  export default buildspec;
}

declare module "tandem:console" {
  const files: Readonly<Record<string, import("./api/console.ts").ConsoleFile>>;
  export default files;
}
