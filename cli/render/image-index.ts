import type { IndexAnswer } from "../../shared/pipeline/index-report.ts";
import { type Cell, table } from "./table.ts";
import { type Paint, shortDigest } from "./text.ts";

/** An index, what it lists, and what is wrong. */
export function renderIndex(found: IndexAnswer, paint: Paint): readonly string[] {
  const { repository, digest, size, mediaType, images, attestations, problems, ok } = found;
  const head = [
    `${repository}@${digest}`,
    ...(mediaType === undefined ? [] : [`${mediaType}, ${size} bytes`]),
  ];
  const annotations = Object.entries(found.annotations).map(([key, value]) => `${key}=${value}`);
  const good = (list: readonly string[]): Cell =>
    list.length === 0 ? { text: "ok", paint: paint.good } : { text: "wrong", paint: paint.bad };
  const rows = images.map((image) => [
    image.platform ?? "-",
    image.configPlatform ?? "not handed out",
    shortDigest(image.digest),
    String(image.size),
    good(image.problems),
  ]);
  const attested = attestations.map((one) => [
    "attestation",
    one.subject === undefined ? "-" : `of ${shortDigest(one.subject)}`,
    shortDigest(one.digest),
    String(one.size),
    good(one.problems),
  ]);
  const wrong = [
    ...problems.map((text) => `the index: ${text}`),
    ...[...images, ...attestations].flatMap((one) => one.problems.map((text) => `${one.digest} ${text}`)),
  ];
  return [
    ...head,
    ...annotations.map((line) => `  ${line}`),
    ...(rows.length === 0
      ? []
      : [
          "",
          ...table(["PLATFORM", "CONFIGURATION", "DIGEST", "BYTES", ""], [...rows, ...attested], paint.faint),
        ]),
    "",
    ...(ok ? [paint.good("nothing is wrong with it")] : wrong.map((line) => paint.bad(line))),
  ];
}
