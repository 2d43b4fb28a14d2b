import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Platform } from "../../shared/pipeline/definition.ts";
import type { BuiltImage } from "../../shared/pipeline/events.ts";
import { type IndexPart, imageIndex, partOf, platformFault } from "../../shared/pipeline/image-index.ts";
import { indexAnnotations } from "../../shared/pipeline/index-annotations.ts";
import { subjectOf } from "../../shared/pipeline/manifest.ts";
import { digest } from "./given.ts";
import {
  attestationEntry,
  attestationOf,
  bytes,
  DOCKER_IMAGE,
  DOCKER_LIST,
  descriptorOf,
  held,
  imageOf,
  OCI_IMAGE,
  OCI_INDEX,
  reported,
  wrapped,
} from "./images.ts";

const PLATFORMS: readonly Platform[] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
const ANNOTATIONS = { "org.opencontainers.image.revision": "1".repeat(40) };

const part = (platform: Platform, mediaType = OCI_IMAGE): IndexPart => ({
  platform,
  image: descriptorOf(imageOf(platform, mediaType)),
  attestations: [],
});
const parts = PLATFORMS.map((platform) => part(platform));

describe("the index over the platforms", () => {
  test("is an OCI image index that names each child by platform, whatever family the child is of", () => {
    const mixed = [part("linux/amd64", DOCKER_IMAGE), part("linux/arm64"), part("linux/arm/v7")];
    expect(JSON.parse(imageIndex(mixed, ANNOTATIONS))).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        {
          ...descriptorOf(imageOf("linux/amd64", DOCKER_IMAGE)),
          platform: { os: "linux", architecture: "amd64" },
        },
        {
          ...descriptorOf(imageOf("linux/arm/v7")),
          platform: { os: "linux", architecture: "arm", variant: "v7" },
        },
        { ...descriptorOf(imageOf("linux/arm64")), platform: { os: "linux", architecture: "arm64" } },
      ],
      annotations: ANNOTATIONS,
    });
  });

  test("the same children, attestations and annotations in any order give the same bytes", () => {
    const attested = parts.map((one) => ({
      ...one,
      attestations: ["provenance", "sbom"].map((what) =>
        attestationEntry(attestationOf(one.image.digest, what), one.image.digest),
      ),
    }));
    const annotations = indexAnnotations(revision("refs/heads/main"), "https://git/hello", 1000);
    const expected = imageIndex(attested, annotations);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(attested, { minLength: attested.length }),
        fc.shuffledSubarray(Object.entries(annotations), { minLength: Object.keys(annotations).length }),
        fc.boolean(),
        (shuffled, entries, reversed) => {
          const turned = shuffled.map((one) => ({
            ...one,
            attestations: reversed ? [...one.attestations].reverse() : one.attestations,
          }));
          expect(imageIndex(turned, Object.fromEntries(entries))).toBe(expected);
        },
      ),
    );
  });

  test("another child, size, attestation or annotation gives other bytes", () => {
    const [first, ...rest] = parts;
    if (first === undefined) throw new Error("there are parts");
    const resized = { ...first, image: { ...first.image, size: 501 } };
    const attested = {
      ...first,
      attestations: [attestationEntry(attestationOf(first.image.digest), first.image.digest)],
    };
    const texts = [
      imageIndex(parts, ANNOTATIONS),
      imageIndex(rest, ANNOTATIONS),
      imageIndex(parts, {}),
      imageIndex([resized, ...rest], ANNOTATIONS),
      imageIndex([attested, ...rest], ANNOTATIONS),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});

const revision = (ref: string) => ({ repository: "hello", ref, commit: "1".repeat(40) });

describe("what an index says of itself is its commit's", () => {
  test.each([
    ["refs/heads/main", "1111111"],
    ["refs/heads/other", "1111111"],
    ["refs/tags/v1.2.3", "1.2.3"],
    ["refs/tags/nightly", "nightly"],
  ])("%s is version %s", (ref, version) => {
    expect(indexAnnotations(revision(ref), "https://github.com/acme/hello", 1_700_000_000_000)).toEqual({
      "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
      "org.opencontainers.image.revision": "1".repeat(40),
      "org.opencontainers.image.source": "https://github.com/acme/hello",
      "org.opencontainers.image.version": version,
    });
  });

  test("a time that no build found is left out", () => {
    const keys = Object.keys(indexAnnotations(revision("refs/heads/main"), "https://git/hello"));
    expect(keys).not.toContain("org.opencontainers.image.created");
  });
});

describe("what a build has pushed", () => {
  const platform = "linux/arm64";
  const image = imageOf(platform);
  const what = `the linux/arm64 image ${image.digest}`;
  const check = (built: BuiltImage, manifests = held(image)) =>
    partOf({ platform, built }, manifests, "hello");

  test("an image is a part of the index", () => {
    expect(check(reported(image, platform))).toEqual({
      ok: { platform, image: descriptorOf(image), attestations: [] },
    });
  });

  test.each([OCI_INDEX, DOCKER_LIST])(
    "a %s of one image is flattened, and its attestations are carried along",
    (mediaType) => {
      const { index, image: inner, attestation } = wrapped(platform, mediaType);
      const checked = check(reported(index, platform), held(index, inner, attestation));
      expect(checked).toEqual({
        ok: {
          platform,
          image: descriptorOf(inner),
          attestations: [attestationEntry(attestation, inner.digest)],
          claimed: platform,
        },
      });
      const found = "ok" in checked ? checked.ok.attestations.map(subjectOf) : [];
      expect(found).toEqual([inner.digest]);
    },
  );

  const two = bytes(OCI_INDEX, {
    manifests: [descriptorOf(image), descriptorOf(imageOf("linux/amd64"))],
  });
  const none = bytes(OCI_INDEX, { manifests: [] });
  const nested = bytes(OCI_INDEX, { manifests: [descriptorOf(wrapped(platform).index)] });
  const stray = bytes(OCI_INDEX, {
    manifests: [descriptorOf(image), attestationEntry(attestationOf(digest("x")), digest("x"))],
  });
  const indexFault = (one: typeof two, text: string) =>
    [`${text}`, reported(one, platform), held(one), `the linux/arm64 image ${one.digest} ${text}`] as const;

  test.each([
    ["is gone", reported(image, platform), held(), `${what} is not in the repository hello`],
    [
      "has other bytes",
      reported(image, platform),
      new Map([[image.digest, { text: "{}", digest: digest("x"), size: 2 }]]),
      `${what} is ${digest("x")} in the registry`,
    ],
    [
      "has another size",
      reported(image, platform, { size: 499 }),
      held(image),
      `${what} has ${image.size} bytes in the registry, its build said 499`,
    ],
    [
      "is of another type than was said",
      reported(image, platform, { mediaType: OCI_INDEX }),
      held(image),
      `${what} is no valid ${OCI_INDEX} in the registry`,
    ],
    [
      "says another type of itself",
      reported(image, platform, { mediaType: DOCKER_IMAGE }),
      held(image),
      `${what} says that it is a ${OCI_IMAGE}, not a ${DOCKER_IMAGE}`,
    ],
    [
      "is no image",
      reported(image, platform, { mediaType: "application/vnd.cncf.helm.chart.v1+json" }),
      held(image),
      `${what} is a application/vnd.cncf.helm.chart.v1+json: an index lists images of ${OCI_IMAGE} or ${DOCKER_IMAGE}`,
    ],
    indexFault(two, "is an index of 2 images: a platform's build pushes one image"),
    indexFault(none, "is an index of no image: a platform's build pushes one image"),
    indexFault(nested, `is an index of a ${OCI_INDEX}: a platform's build pushes one image`),
    indexFault(
      stray,
      `has the attestation ${attestationOf(digest("x")).digest} of ${digest("x")}, not of its image ${image.digest}`,
    ),
  ])("is refused when it %s", (_name, built, manifests, fault) => {
    expect(check(built, manifests)).toEqual({ fault });
  });

  test.each([
    ["linux/arm64/v8", "linux/arm64", true],
    ["linux/arm", "linux/arm/v7", true],
    ["linux/arm/v6", "linux/arm/v7", false],
    ["linux/arm64", "linux/arm/v7", false],
    ["linux/amd64", "linux/arm64", false],
    ["windows/arm64", "linux/arm64", false],
  ] as const)("a configuration for %s is one for %s: %s", (said, wanted, same) => {
    const fault = platformFault(part(wanted), said);
    expect(fault).toBe(
      same
        ? undefined
        : `the ${wanted} image ${imageOf(wanted).digest} was built for ${said}: its Dockerfile takes another platform than $TARGETPLATFORM`,
    );
  });
});
