import type { ScanView } from "../pipeline/card-view.ts";
import type { Platform } from "../pipeline/definition.ts";
import { indexChildren } from "../pipeline/index-children.ts";
import type { Image, Run } from "../pipeline/run.ts";
import type { ChildDetails, ImageDetails } from "../pipeline/run-detail.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** What ECR describes at most in one call. */
const PAGE = 100;

/** The platforms of each published index of a run, with their sizes: `⌈platforms / 100⌉` calls (DescribeImages) for each image. */
export async function lookAtImages(aws: Aws, run: Run): Promise<readonly ImageDetails[]> {
  return Promise.all(
    run.images.map(async (image) => ({
      image: image.definition.name,
      children: await childrenOf(aws, run, image),
    })),
  );
}

async function childrenOf(aws: Aws, run: Run, image: Image): Promise<readonly ChildDetails[]> {
  const { name } = image.definition;
  const pushed = image.state.status === "published" ? listed(image) : builtBy(run, name);
  const sizes = new Map<string, number>();
  for (let from = 0; from < pushed.length; from += PAGE) {
    const imageIds = pushed.slice(from, from + PAGE).map(({ digest }) => ({ imageDigest: digest }));
    for (const { imageDigest, imageSizeInBytes } of await describe(aws, name, imageIds))
      if (imageDigest !== undefined && imageSizeInBytes !== undefined)
        sizes.set(imageDigest, imageSizeInBytes);
  }
  return pushed.map((child) => ({ ...child, size: sizes.get(child.digest) }));
}

interface Pushed {
  readonly platform: Platform;
  readonly digest: string;
}

const listed = (image: Image): readonly Pushed[] =>
  indexChildren(image).flatMap(({ platform, digest }) =>
    platform === undefined ? [] : [{ platform, digest }],
  );

/** What there is before there is an index. */
const builtBy = ({ builds }: Run, name: string): readonly Pushed[] =>
  builds.flatMap(({ image, platform, state }) =>
    image === name && state.status === "succeeded" && state.built !== "unpushed"
      ? [{ platform, digest: state.built.digest }]
      : [],
  );

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
