import type { ComputeType } from "./definition.ts";

/**
 * US dollars per minute of CodeBuild's on-demand Linux builds in us-east-1, as far as they are known here; other regions ask
 * for a little more. An estimate is made of nothing else: no transfer, no logs, no free minutes.
 * https://aws.amazon.com/codebuild/pricing/
 */
const PER_MINUTE: Readonly<Record<"x86_64" | "arm64", Readonly<Partial<Record<ComputeType, number>>>>> = {
  x86_64: {
    BUILD_GENERAL1_SMALL: 0.005,
    BUILD_GENERAL1_MEDIUM: 0.01,
    BUILD_GENERAL1_LARGE: 0.02,
    BUILD_GENERAL1_2XLARGE: 0.2,
  },
  arm64: { BUILD_GENERAL1_SMALL: 0.0034, BUILD_GENERAL1_LARGE: 0.015 },
};

/**
 * What a build costs, in US dollars: each begun minute from its start to its end. Undefined where the price is not known.
 * @param type CodeBuild's environment type: `LINUX_CONTAINER`, `ARM_CONTAINER`
 */
export function buildPrice(type: string, compute: string, seconds: number): number | undefined {
  const prices: Readonly<Record<string, number>> = PER_MINUTE[type.startsWith("ARM") ? "arm64" : "x86_64"];
  const price = Object.hasOwn(prices, compute) ? prices[compute] : undefined;
  return price === undefined ? undefined : price * Math.max(1, Math.ceil(seconds / 60));
}
