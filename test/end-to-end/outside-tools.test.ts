import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { isGated, type Run } from "./support/api.ts";
import { REGION } from "./support/local-up.ts";
import { sha256 } from "./support/registry.ts";
import { describeWith, output } from "./support/tools.ts";
import { application, git } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const rules = z.object({
  Rules: z.array(z.object({ Name: z.string(), EventPattern: z.string().optional() })),
});

/** The file of an image's configuration in a `dir:` folder: its digest without the algorithm. */
const configOf = (manifest: string): string =>
  z
    .object({ config: z.object({ digest: z.string() }) })
    .parse(JSON.parse(manifest))
    .config.digest.slice("sha256:".length);

/** Version 1 of the AWS CLI, as pip installs it: `.ci/run` says where. */
const AWS = process.env.TANDEM_TEST_AWS_CLI;

let world: World;
let run: Run;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, ["staging", "production"]);
  const commit = await world.copy.commit(application(1));
  await world.copy.push();
  run = await world.api.until(await world.api.runOf(commit), isGated("production"));
}, 90_000);
afterAll(() => world.close(), 30_000);

const digest = () => run.images[0]?.indexDigest ?? "";
const host = () => new URL(world.url).host;

describe("git, unmodified,", () => {
  test("clones what was pushed, fetches what is new, and pushes without being anybody", async () => {
    const { aws, folder, url } = world;
    const clone = join(folder, "clone");
    await git(folder, ["clone", "--quiet", "--branch", "main", `${url}/git/hello`, clone]);
    expect(await git(clone, ["rev-parse", "HEAD"])).toBe(run.commit);
    expect(await git(clone, ["fsck", "--strict"])).toBe("");
    // To a branch that no pipeline wants: what the tests below look at stays as it is.
    await git(clone, ["commit", "--quiet", "--allow-empty", "--message", "Nothing new"]);
    await git(clone, ["push", "--quiet", "origin", "main:refs/heads/feature"]);
    const commit = await git(clone, ["rev-parse", "HEAD"]);
    const { branch } = await aws.codeCommit.getBranch({ repositoryName: "hello", branchName: "feature" });
    expect(branch?.commitId).toBe(commit);
    await git(world.copy.folder, ["fetch", "--quiet", "origin"]);
    expect(await git(world.copy.folder, ["rev-parse", "origin/feature"])).toBe(commit);
  });
});

describeWith("skopeo")("skopeo, unmodified,", () => {
  const reference = () => `docker://${host()}/hello@${digest()}`;

  test("reads the index, byte for byte", async () => {
    const raw = await output("skopeo", ["inspect", "--raw", "--tls-verify=false", reference()]);
    expect(sha256(raw)).toBe(digest());
    const tags = await output("skopeo", ["list-tags", "--tls-verify=false", `docker://${host()}/hello`]);
    expect(JSON.parse(tags)).toMatchObject({
      Tags: expect.arrayContaining(["main", run.commit.slice(0, 7)]),
    });
  });

  test.each(["amd64", "arm64"])("pulls the image of linux/%s out of it", async (architecture) => {
    const folder = join(world.folder, architecture);
    const from = ["--src-tls-verify=false", reference()];
    const chosen = ["--override-os=linux", `--override-arch=${architecture}`];
    await output("skopeo", [...chosen, "--insecure-policy", "copy", "--quiet", ...from, `dir:${folder}`]);
    const manifest = await readFile(join(folder, "manifest.json"), "utf8");
    const child = (await world.registry.index(digest())).manifests.find(
      ({ platform }) => platform.architecture === architecture,
    );
    expect(sha256(manifest)).toBe(child?.digest);
    const config = await readFile(join(folder, configOf(manifest)), "utf8");
    expect(JSON.parse(config)).toMatchObject({ architecture, os: "linux", config: { Entrypoint: ["/app"] } });
  });
});

describeWith(AWS)("the AWS CLI, unmodified,", () => {
  let home: string;
  beforeAll(async () => {
    home = join(world.folder, "home");
    await mkdir(home);
  });

  const aws = async (...args: readonly string[]): Promise<unknown> => {
    const text = await output(AWS ?? "", [...args, "--output", "json"], {
      HOME: home,
      AWS_ENDPOINT_URL: world.url,
      // Version 1 knows no AWS_REGION.
      AWS_DEFAULT_REGION: REGION,
      AWS_ACCESS_KEY_ID: "alice",
      AWS_SECRET_ACCESS_KEY: "alice",
    });
    return JSON.parse(text);
  };
  const buildOf = (platform: string) =>
    run.images[0]?.builds.find((build) => build.platform === platform)?.buildId ?? "";
  const projectOf = (arn: string) => /build\/([^:]+):/.exec(arn)?.[1] ?? "";
  const idOf = (arn: string) => arn.split("build/").at(-1) ?? "";

  test("is alice, a release manager", async () => {
    expect(await aws("sts", "get-caller-identity")).toMatchObject({
      Account: "000000000000",
      Arn: "arn:aws:sts::000000000000:assumed-role/release-managers/alice",
    });
  });

  test("lists the builds of a project, describes one, and reads its log", async () => {
    const arn = buildOf("linux/arm64");
    const [list, described] = await Promise.all([
      aws("codebuild", "list-builds-for-project", "--project-name", projectOf(arn)),
      aws("codebuild", "batch-get-builds", "--ids", idOf(arn)),
    ]);
    expect(list).toMatchObject({ ids: expect.arrayContaining([idOf(arn)]) });
    expect(described).toMatchObject({
      builds: [
        {
          arn,
          buildStatus: "SUCCEEDED",
          resolvedSourceVersion: run.commit,
          environment: { type: "ARM_CONTAINER" },
        },
      ],
    });
    const { groupName = "", streamName = "" } =
      (await world.aws.codeBuild.batchGetBuilds({ ids: [arn] })).builds?.[0]?.logs ?? {};
    const stream = ["--log-group-name", groupName, "--log-stream-name", streamName];
    const [log, filtered] = await Promise.all([
      aws("logs", "get-log-events", ...stream, "--start-from-head"),
      aws(
        "logs",
        "filter-log-events",
        ...stream.slice(0, 2),
        "--log-stream-names",
        streamName,
        "--filter-pattern",
        '"phase BUILD"',
      ),
    ]);
    const message = expect.stringContaining("Entering phase BUILD");
    expect(log).toMatchObject({ events: expect.arrayContaining([expect.objectContaining({ message })]) });
    expect(filtered).toMatchObject({ events: [{ logStreamName: streamName, message }] });
  });

  test("reads the index and what the registry says of it", async () => {
    const repository = ["--repository-name", "hello", "--image-ids"];
    const [images, details] = await Promise.all([
      aws("ecr", "batch-get-image", ...repository, "imageTag=main"),
      aws("ecr", "describe-images", ...repository, `imageDigest=${digest()}`),
    ]);
    expect(images).toMatchObject({
      images: [{ imageId: { imageDigest: digest(), imageTag: "main" }, imageManifest: expect.any(String) }],
      failures: [],
    });
    const [image] = z
      .object({ images: z.array(z.object({ imageManifest: z.string() })) })
      .parse(images).images;
    expect(sha256(image?.imageManifest ?? "")).toBe(digest());
    expect(details).toMatchObject({
      imageDetails: [
        { imageDigest: digest(), imageTags: expect.arrayContaining(["main", run.commit.slice(0, 7)]) },
      ],
    });
  });

  test("describes a service and its deployments", async () => {
    const [services, list] = await Promise.all([
      aws("ecs", "describe-services", "--cluster", "staging", "--services", "web"),
      aws("ecs", "list-service-deployments", "--cluster", "staging", "--service", "web"),
    ]);
    const { taskDefinition } = run.stages[0]?.services[0] ?? {};
    expect(services).toMatchObject({
      services: [
        { taskDefinition, runningCount: 4, deployments: [{ status: "PRIMARY", rolloutState: "COMPLETED" }] },
      ],
      failures: [],
    });
    const status = "SUCCESSFUL";
    expect(list).toMatchObject({
      serviceDeployments: expect.arrayContaining([expect.objectContaining({ status })]),
    });
  });

  test("lists the rules that lead events to the functions", async () => {
    const { Rules } = rules.parse(await aws("events", "list-rules"));
    expect(Rules.length).toBeGreaterThanOrEqual(4);
    const builds = Rules.find(({ EventPattern = "" }) => EventPattern.includes("aws.codebuild"));
    expect(await aws("events", "list-targets-by-rule", "--rule", builds?.Name ?? "")).toMatchObject({
      Targets: [{ Arn: expect.stringMatching(/:function:tandem-\S+-onBuildChange$/) }],
    });
  });

  test("says what went wrong as it does with AWS", async () => {
    await expect(aws("ecs", "describe-services", "--cluster", "moon", "--services", "web")).rejects.toThrow(
      /ClusterNotFoundException/,
    );
  });
});
