import type { RetainedImage, RetentionAnswer, RetentionReport } from "../../shared/pipeline/retention.ts";
import { type Paint, shortDigest } from "./text.ts";

const POLICIES = {
  applied: "the policy in ECR is the generated one",
  other: "the policy in ECR is another one",
  none: "there is no policy in ECR",
} as const;

/** Each repository's rules; with `simulate`, every image with its fate. */
export function renderRetention(
  { repositories, unlimited }: RetentionAnswer,
  simulate: boolean,
  paint: Paint,
): readonly string[] {
  return [
    ...repositories.flatMap((report) => [...renderRepository(report, simulate, paint), ""]),
    ...unlimited.map((name) => `${name}: nothing expires; its pipelines ask for no retention`),
  ];
}

function renderRepository(report: RetentionReport, simulate: boolean, paint: Paint): readonly string[] {
  const { repository, policy, rules, images, problems } = report;
  const going = images.filter(({ expires }) => expires);
  const staying = images.filter(({ expires }) => !expires);
  return [
    paint.strong(repository),
    `  ${POLICIES[policy]}: ${images.length} images, ${going.length} would expire`,
    ...(simulate ? [] : rules.map(({ rulePriority, description }) => `  ${rulePriority}. ${description}`)),
    ...(simulate ? [...section("would expire", going), ...section("stays", staying)] : []),
    ...problems.map((text) => `  ${paint.bad(text)}`),
  ];
}

function section(title: string, images: readonly RetainedImage[]): readonly string[] {
  if (images.length === 0) return [];
  return [
    `  ${title}:`,
    ...images.flatMap(({ digest, tags, pushedAt, why, usedBy }) => [
      `    ${shortDigest(digest)}  ${pushedAt.slice(0, 10)}  ${tags.length === 0 ? "(untagged)" : tags.join(" ")}`,
      `      ${why}${usedBy.length === 0 ? "" : `; runs in ${usedBy.join(", ")}`}`,
    ]),
  ];
}
