import { afterEach, describe, expect, test } from "@jest/globals";
import type { IndexAnswer } from "../../shared/pipeline/index-report.ts";
import type { RetentionAnswer } from "../../shared/pipeline/retention.ts";
import { type FakeApi, startFakeApi, tandem } from "./support.ts";

let api: FakeApi | undefined;
afterEach(() => api?.close());

const sha = (digit: string) => `sha256:${digit.repeat(64)}`;

const INDEX: IndexAnswer = {
  repository: "127.0.0.1:4566/hello",
  digest: sha("a"),
  mediaType: "application/vnd.oci.image.index.v1+json",
  size: 800,
  annotations: { "org.opencontainers.image.revision": "1".repeat(40) },
  images: [
    {
      digest: sha("b"),
      mediaType: "m",
      size: 500,
      platform: "linux/amd64",
      configPlatform: "linux/amd64",
      problems: [],
    },
    { digest: sha("c"), mediaType: "m", size: 500, platform: "linux/arm64", problems: [] },
  ],
  attestations: [{ digest: sha("d"), size: 90, subject: sha("b"), problems: [] }],
  problems: [],
  ok: true,
};

async function run(args: readonly string[], body: unknown, status = 200) {
  api = await startFakeApi(() => ({ body, status }));
  return { ...(await tandem(args, { url: api.url })), seen: api.seen };
}

describe("tandem index verify", () => {
  const image = `hello@${sha("a")}`;

  test("an index with nothing wrong: what it lists, and exit code 0", async () => {
    const { code, out, seen } = await run(["index", "verify", image], INDEX);
    expect(seen.map(({ url }) => url)).toEqual([
      `/api/index?repository=hello&digest=sha256%3A${"a".repeat(64)}`,
    ]);
    expect(out).toBe(`127.0.0.1:4566/hello@${sha("a")}
application/vnd.oci.image.index.v1+json, 800 bytes
  org.opencontainers.image.revision=${"1".repeat(40)}

PLATFORM     CONFIGURATION           DIGEST               BYTES
linux/amd64  linux/amd64             sha256:bbbbbbbbbbbb  500    ok
linux/arm64  not handed out          sha256:cccccccccccc  500    ok
attestation  of sha256:bbbbbbbbbbbb  sha256:dddddddddddd  90     ok

nothing is wrong with it
`);
    expect(code).toBe(0);
  });

  test("what is wrong is said in full, with exit code 1; --json prints the answer", async () => {
    const wrong = {
      ...INDEX,
      ok: false,
      problems: ["it lists no image"],
      images: INDEX.images.map((one) => ({ ...one, problems: ["is not in the repository"] })),
    };
    const { code, out } = await run(["index", "verify", image], wrong);
    expect(code).toBe(1);
    expect(out).toContain(`the index: it lists no image\n${sha("b")} is not in the repository\n`);
    await api?.close();
    const json = await run(["index", "verify", image, "--json"], wrong);
    expect({ code: json.code, answer: JSON.parse(json.out) }).toEqual({ code: 1, answer: wrong });
  });

  test.each(["hello", "hello:main", "hello@sha256:12", "@"])("%s is no image of a digest", async (given) => {
    const { code, err, seen } = await run(["index", "verify", given], INDEX);
    expect({ code, seen }).toEqual({ code: 2, seen: [] });
    expect(err).toBe(
      `tandem: "${given}" is no REPOSITORY@DIGEST: \`tandem show RUN\` names the index of a run\n`,
    );
  });

  test("a repository that no pipeline builds", async () => {
    const body = { error: { code: "unknown-repository", message: 'no pipeline builds "hello"' } };
    const { code, err } = await run(["index", "verify", image], body, 404);
    expect({ code, err }).toEqual({ code: 4, err: 'tandem: no pipeline builds "hello"\n' });
  });
});

describe("tandem retention", () => {
  const ANSWER: RetentionAnswer = {
    repositories: [
      {
        repository: "hello",
        policy: "applied",
        rules: [
          {
            rulePriority: 1,
            description: "What stages run stays.",
            selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1 },
            action: { type: "expire" },
          },
        ],
        images: [
          {
            digest: sha("a"),
            tags: [],
            pushedAt: "2026-10-01T00:00:00.000Z",
            expires: true,
            why: "pushed 51 days ago",
            usedBy: [],
          },
          {
            digest: sha("b"),
            tags: ["main", "tandem.live.hello.production"],
            pushedAt: "2026-11-01T00:00:00.000Z",
            expires: false,
            why: "What stages run stays.",
            usedBy: ["production/web"],
          },
        ],
        problems: [],
      },
    ],
    unlimited: ["tools"],
  };

  test("--simulate lists every image, and why", async () => {
    const { code, out, seen } = await run(["retention", "hello", "--simulate"], ANSWER);
    expect(seen.map(({ url }) => url)).toEqual(["/api/retention?pipeline=hello"]);
    expect(out).toBe(`hello
  the policy in ECR is the generated one: 2 images, 1 would expire
  would expire:
    sha256:aaaaaaaaaaaa  2026-10-01  (untagged)
      pushed 51 days ago
  stays:
    sha256:bbbbbbbbbbbb  2026-11-01  main tandem.live.hello.production
      What stages run stays.; runs in production/web

tools: nothing expires; its pipelines ask for no retention
`);
    expect(code).toBe(0);
  });

  test("without it, the rules; a problem is said, with exit code 1", async () => {
    const [first] = ANSWER.repositories;
    const problems = ["sha256:a would expire, and production/web runs it"];
    const { code, out } = await run(["retention"], { ...ANSWER, repositories: [{ ...first, problems }] });
    expect(out).toContain(
      "  1. What stages run stays.\n  sha256:a would expire, and production/web runs it\n",
    );
    expect(code).toBe(1);
  });
});
