import type { ScanView } from "../pipeline/card-view.ts";
import type { Run } from "../pipeline/run.ts";
import type { ChildDetails, ImageDetails } from "../pipeline/run-detail.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** What ECR describes at most in one call. */
const PAGE = 100;

/** The platforms of each published index of a run, with their sizes: `⌈platforms / 100⌉` calls (DescribeImages) for each image. */
export async function lookAtImages(aws: Aws, run: Run): Promise<readonly ImageDetails[]> {
  return Promise.all(
    run.images.map(async ({ definition: { name } }) => ({
      image: name,
      children: await childrenOf(aws, run, name),
    })),
  );
}

async function childrenOf(aws: Aws, run: Run, image: string): Promise<readonly ChildDetails[]> {
  const built = run.builds.flatMap(({ image: of, platform, state }) =>
    of === image && state.status === "succeeded" && state.built !== "unpushed"
      ? [{ platform, digest: state.built.digest }]
      : [],
  );
  const sizes = new Map<string, number>();
  for (let from = 0; from < built.length; from += PAGE) {
    const imageIds = built.slice(from, from + PAGE).map(({ digest }) => ({ imageDigest: digest }));
    for (const { imageDigest, imageSizeInBytes } of await describe(aws, image, imageIds))
      if (imageDigest !== undefined && imageSizeInBytes !== undefined)
        sizes.set(imageDigest, imageSizeInBytes);
  }
  return built.map((child) => ({ ...child, size: sizes.get(child.digest) }));
}

/** One image that is gone fails the whole call: then the sizes are not known. */
async function describe(
  aws: Aws,
  repositoryName: string,
  imageIds: readonly { readonly imageDigest: string }[],
) {
  try {
    const { imageDetails = [] } = await aws.ecr.describeImages({ repositoryName, imageIds: [...imageIds] });
    return imageDetails;
  } catch (error) {
    if (isError(error, "ImageNotFoundException", "RepositoryNotFoundException", "AccessDeniedException"))
      return [];
    throw error;
  }
}

/**
 * What the scan of one platform's image has found; undefined when it was never scanned.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 */
export async function lookAtScan(aws: Aws, image: string, digest: string): Promise<ScanView | undefined> {
  try {
    const { imageScanStatus, imageScanFindings } = await aws.ecr.describeImageScanFindings({
      repositoryName: image,
      imageId: { imageDigest: digest },
      maxResults: 1,
    });
    return {
      status: imageScanStatus?.status ?? "unknown",
      findings: { ...imageScanFindings?.findingSeverityCounts },
    };
  } catch (error) {
    if (isError(error, "ScanNotFoundException", "ImageNotFoundException", "RepositoryNotFoundException"))
      return undefined;
    throw error;
  }
}
