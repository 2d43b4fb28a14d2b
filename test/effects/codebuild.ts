import type { Build } from "@aws-sdk/client-codebuild";

/** A build as CodeBuild describes it; the variables say whose it is. */
export function buildOf(variables: Readonly<Record<string, string>>, change: Build = {}): Build {
  const environmentVariables = Object.entries(variables).map(([name, value]) => ({ name, value }));
  return {
    arn: "arn:build:1",
    buildStatus: "IN_PROGRESS",
    environment: {
      type: "ARM_CONTAINER",
      image: "i",
      computeType: "BUILD_GENERAL1_SMALL",
      environmentVariables,
    },
    ...change,
  };
}
/** The variables of the arm64 build of hello-1, first attempt. */
export const OURS = {
  TANDEM_RUN: "hello-1",
  TANDEM_IMAGE: "hello",
  TANDEM_PLATFORM: "linux/arm64",
  TANDEM_ATTEMPT: "1",
};
