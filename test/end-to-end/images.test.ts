import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateRepositoryCommand, ECRPUBLICClient } from "@aws-sdk/client-ecr-public";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { isOver, type Run } from "./support/api.ts";
import { PROJECT, REGION } from "./support/local-up.ts";
import { type Project, projectWith } from "./support/project.ts";
import { Registry } from "./support/registry.ts";
import { tandem } from "./support/tandem.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

/** Three images of one repository: as usual, with a buildspec of its own that attests, and for ECR Public. */
const PIPELINE = `name: hello
source: { codecommit: { repository: hello } }
images:
  - { name: hello, tags: ["{branch}"], retention: { releases: 2, days: 30 } }
  - { name: attested, tags: ["{branch}"], buildspec: ci/attest.yml }
  - { name: open, tags: ["{branch}"], registry: public.ecr.aws/a1b2c3d4 }
stages:
  - name: staging
    deploy: [{ ecs: { cluster: staging, service: web, containers: { web: hello } } }]
`;

let project: Project;
let world: World;
let run: Run;

beforeAll(async () => {
  project = await projectWith({ "hello.yml": PIPELINE });
  world = await openWorld({ project: project.folder });
  const { api, copy, url } = world;
  const ecrPublic = new ECRPUBLICClient({
    endpoint: url,
    region: REGION,
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
  });
  await ecrPublic.send(new CreateRepositoryCommand({ repositoryName: "open" }));
  ecrPublic.destroy();
  await seed(world, ["staging"]);
  const commit = await copy.commit({ ...application(1), "ci/attest.yml": await attestingBuildspec() });
  await copy.push("carol");
  run = await api.until(await api.runOf(commit), isOver);
}, 240_000);
afterAll(async () => {
  await world?.close();
  await project?.remove();
}, 30_000);

/** Tandem's own, which then wraps what it has pushed as BuildKit does with provenance, and exports the index. */
async function attestingBuildspec(): Promise<string> {
  const own = await readFile(join(PROJECT, "buildspecs", "build-image.yml"), "utf8");
  return `${own.trimEnd()}
      - |
        at=http://\${TANDEM_REPOSITORY_URI%%/*}/v2/\${TANDEM_REPOSITORY_URI#*/}
        oci=application/vnd.oci.image
        digest() { printf 'sha256:%s' "$(printf '%s' "$1" | sha256sum | cut -d ' ' -f 1)"; }
        put() { curl -fsS -X PUT -H "Content-Type: $2" --data-binary "$3" "$at/manifests/$1"; }
        blob() { curl -fsS -X POST --data-binary "$1" "$at/blobs/uploads/?digest=$(digest "$1")"; }
        statement="provenance of $IMAGE_DIGEST"
        blob "$statement"
        attestation='{"schemaVersion":2,"mediaType":"'$oci'.manifest.v1+json","config":{"mediaType":"'$oci'.config.v1+json","digest":"'$(digest "$statement")'","size":'\${#statement}'},"layers":[]}'
        put "$(digest "$attestation")" $oci.manifest.v1+json "$attestation"
        index='{"schemaVersion":2,"mediaType":"'$oci'.index.v1+json","manifests":[{"mediaType":"'$IMAGE_MEDIA_TYPE'","digest":"'$IMAGE_DIGEST'","size":'$IMAGE_SIZE',"platform":{"os":"'\${TANDEM_PLATFORM%/*}'","architecture":"'\${TANDEM_PLATFORM#*/}'"}},{"mediaType":"'$oci'.manifest.v1+json","digest":"'$(digest "$attestation")'","size":'\${#attestation}',"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"'$IMAGE_DIGEST'"},"platform":{"os":"unknown","architecture":"unknown"}}]}'
        put "$(digest "$index")" $oci.index.v1+json "$index"
        export IMAGE_DIGEST=$(digest "$index") IMAGE_SIZE=\${#index} IMAGE_MEDIA_TYPE=$oci.index.v1+json
`;
}

function digestOf(name: string): string {
  const digest = run.images.find((image) => image.name === name)?.indexDigest;
  if (digest === undefined) throw new Error(`${name} was not published: ${run.explanation.join("; ")}`);
  return digest;
}

const verify = (image: string) =>
  tandem(["index", "verify", `${image}@${digestOf(image)}`, "--json"], { TANDEM_URL: world.url });

const answer = z.object({
  repository: z.string(),
  ok: z.boolean(),
  annotations: z.record(z.string(), z.string()),
  images: z.array(z.object({ digest: z.string(), platform: z.string(), configPlatform: z.string() })),
  attestations: z.array(z.object({ subject: z.string() })),
});

const BOTH = ["linux/amd64", "linux/arm64"].map((platform) => ({ platform, configPlatform: platform }));

describe("the index, from a push", () => {
  test("with the commit's own annotations, and nothing wrong with it", async () => {
    expect(run.status).toBe("succeeded");
    const { code, out } = await verify("hello");
    expect(code).toBe(0);
    const found = answer.parse(JSON.parse(out));
    expect(found).toMatchObject({ ok: true, images: BOTH, attestations: [] });
    expect(found.annotations).toEqual({
      "org.opencontainers.image.created": expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      "org.opencontainers.image.revision": run.commit,
      "org.opencontainers.image.source": expect.stringMatching(/\/hello$/),
      "org.opencontainers.image.version": run.commit.slice(0, 7),
    });
  });

  test("what a buildspec of the repository wraps is flattened, its attestations carried along", async () => {
    const { code, out } = await verify("attested");
    expect(code).toBe(0);
    const found = answer.parse(JSON.parse(out));
    expect(found).toMatchObject({ ok: true, images: BOTH });
    expect(found.attestations.map(({ subject }) => subject).sort()).toEqual(
      found.images.map(({ digest }) => digest).sort(),
    );
    const index = await new Registry(world.url, "attested").index(digestOf("attested"));
    expect(index.manifests).toHaveLength(4);
  });

  test("at ECR Public it goes through the registry", async () => {
    const { code, out } = await verify("open");
    expect(code).toBe(0);
    const { host } = new URL(world.url);
    expect(answer.parse(JSON.parse(out))).toMatchObject({
      repository: `${host}/public.ecr.aws/a1b2c3d4/open`,
      ok: true,
      images: BOTH,
    });
    const calls = await world.control.calls();
    expect(calls.filter(({ service }) => service === "ecr-public").map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(["GetAuthorizationToken"]),
    );
    const moved = await new Registry(world.url, "public.ecr.aws/local/open").digestOf("main");
    expect(moved).toBe(digestOf("open"));
  });

  test("a digest that is not there is said, with exit code 1; so is a repository that no pipeline builds, with 4", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const of = (name: string) => tandem(["index", "verify", `${name}@${digest}`], { TANDEM_URL: world.url });
    expect(await of("hello")).toMatchObject({
      code: 1,
      out: expect.stringContaining("the index: it is not in the repository\n"),
    });
    expect(await of("nowhere")).toMatchObject({
      code: 4,
      err: expect.stringContaining('no pipeline builds "nowhere"; there are hello, attested, open'),
    });
  });
});

describe("retention", () => {
  const report = z.object({
    unlimited: z.array(z.string()),
    repositories: z.array(
      z.object({
        repository: z.string(),
        policy: z.string(),
        problems: z.array(z.string()),
        images: z.array(z.object({ digest: z.string(), expires: z.boolean(), usedBy: z.array(z.string()) })),
      }),
    ),
  });

  test("the stack gives the repository its policy; nothing that runs would expire", async () => {
    const { lifecyclePolicyText = "" } = await world.aws.ecr.getLifecyclePolicy({ repositoryName: "hello" });
    expect(JSON.parse(lifecyclePolicyText).rules).toHaveLength(3);
    const { code, out } = await tandem(["retention", "--simulate", "--json"], { TANDEM_URL: world.url });
    expect(code).toBe(0);
    const { repositories, unlimited } = report.parse(JSON.parse(out));
    expect(unlimited).toEqual(["attested", "open"]);
    expect(repositories).toMatchObject([{ repository: "hello", policy: "applied", problems: [] }]);
    // What the stage runs is marked, so that ECR knows; and what it could go back to.
    for (const tag of ["tandem.live.hello.staging", "tandem.release.hello.staging.1"])
      expect(await world.registry.digestOf(tag)).toBe(digestOf("hello"));
    const used = repositories[0]?.images.filter(({ usedBy }) => usedBy.includes("staging/web")) ?? [];
    expect(used.map(({ digest }) => digest)).toContain(digestOf("hello"));
    expect(used.map(({ expires }) => expires)).not.toContain(true);
  });
});
