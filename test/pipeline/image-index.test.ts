import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Platform } from "../../shared/pipeline/definition.ts";
import { type Child, childFault, INDEX_MEDIA_TYPE, imageIndex } from "../../shared/pipeline/image-index.ts";
import { built, COMMIT, digest } from "./given.ts";

const PLATFORMS: readonly Platform[] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
const children = PLATFORMS.map((platform) => ({ platform, built: built(platform) }));

describe("the index over the platforms", () => {
  test("is an OCI image index that names each child by platform", () => {
    expect(JSON.parse(imageIndex(children, COMMIT))).toEqual({
      schemaVersion: 2,
      mediaType: INDEX_MEDIA_TYPE,
      manifests: [
        descriptor("linux/amd64", { os: "linux", architecture: "amd64" }),
        descriptor("linux/arm/v7", { os: "linux", architecture: "arm", variant: "v7" }),
        descriptor("linux/arm64", { os: "linux", architecture: "arm64" }),
      ],
      annotations: { "org.opencontainers.image.revision": COMMIT },
    });
  });

  function descriptor(of: Platform, platform: object) {
    const { mediaType, digest: childDigest, size } = built(of);
    return { mediaType, digest: childDigest, size, platform };
  }

  test("the same children in any order give the same bytes", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(children, { minLength: children.length }), (shuffled) => {
        expect(imageIndex(shuffled, COMMIT)).toBe(imageIndex(children, COMMIT));
      }),
    );
  });

  test("another child or another commit gives other bytes", () => {
    const texts = [
      imageIndex(children, COMMIT),
      imageIndex(children.slice(1), COMMIT),
      imageIndex(children, "2".repeat(40)),
      imageIndex(
        children.map((child) => ({ ...child, built: { ...child.built, size: 501 } })),
        COMMIT,
      ),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe("a child that is not what its build said", () => {
  const manifest = (config = digest("config of linux/arm64")) =>
    JSON.stringify({ config: { digest: config } });
  const good: Child = {
    platform: "linux/arm64",
    built: built("linux/arm64"),
    manifest: manifest(),
    digest: digest("linux/arm64"),
    size: 500,
  };
  const index = { ...good.built, mediaType: INDEX_MEDIA_TYPE };
  const what = `the linux/arm64 image ${good.digest}`;

  test.each([
    ["all is well", good, undefined],
    ["arm64/v8 is arm64", { ...good, built: { ...good.built, configPlatform: "linux/arm64/v8" } }, undefined],
    [
      "other bytes in the registry",
      { ...good, digest: digest("x") },
      `${what} is ${digest("x")} in the registry`,
    ],
    ["another size", { ...good, size: 499 }, `${what} has 499 bytes in the registry, its build said 500`],
    [
      "an index of its own",
      { ...good, built: index },
      `${what} is a ${INDEX_MEDIA_TYPE}: build with --provenance=false, so that a platform is one image`,
    ],
    [
      "another configuration",
      { ...good, manifest: manifest(digest("y")) },
      `${what} has the configuration ${digest("y")}, its build read ${good.built.configDigest}`,
    ],
    [
      "no configuration",
      { ...good, manifest: "{}" },
      `${what} has the configuration (none), its build read ${good.built.configDigest}`,
    ],
    [
      "no JSON",
      { ...good, manifest: "<html>" },
      `${what} has the configuration (none), its build read ${good.built.configDigest}`,
    ],
    [
      "the wrong platform",
      { ...good, built: { ...good.built, configPlatform: "linux/amd64" } },
      `${what} was built for linux/amd64: its Dockerfile takes another platform than $TARGETPLATFORM`,
    ],
  ] satisfies readonly (readonly [string, Child, string | undefined])[])("%s", (_what, child, expected) => {
    expect(childFault(child)).toBe(expected);
  });
});
