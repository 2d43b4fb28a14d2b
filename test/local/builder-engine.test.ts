import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { registryBase } from "../../local/builder/registry-base.ts";
import { newWorkspace, pushBuilt, type Workspace } from "./builder-workspace.ts";
import { type EcrEndpoint, startEcr, temporaryFolder } from "./ecr-endpoint.ts";

const run = promisify(execFile);
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const platform = `linux/${architecture}`;
const withEngine = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

withEngine("an image of the built-in builder, to the tools of others", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let ecr: EcrEndpoint;
  let work: Workspace;

  beforeAll(async () => {
    folder = await temporaryFolder();
    ecr = await startEcr(join(folder.path, "state"));
    work = await newWorkspace();
    await ecr.client.send(new CreateRepositoryCommand({ repositoryName: "app" }));
    // A static program is all that an image from scratch needs; this one prints text files as JavaScript.
    await copyFile(
      `node_modules/@esbuild/linux-${process.arch}/bin/esbuild`,
      join(work.contextDir, "esbuild"),
    );
    await work.files({ "etc/motd.txt": "hello from scratch", "link.txt": "-> etc/motd.txt" });
    const base = await work.build("FROM scratch\nCOPY esbuild /bin/\nCOPY . /context\nWORKDIR /work\n", {
      platform,
    });
    await pushBuilt(ecr.url, "app", work.store, base, "base");
    const built = await work.build(
      `FROM ${ecr.host}/app:base\nCOPY etc /etc/\nCOPY --chown=5:6 --chmod=640 etc/motd.txt own.txt\nUSER 5:6\n` +
        'ENTRYPOINT ["/bin/esbuild"]\nCMD ["/etc/motd.txt"]\n',
      { platform, resolveBase: registryBase(ecr.host) },
    );
    await pushBuilt(ecr.url, "app", work.store, built, "v1");
  });

  afterAll(async () => {
    await work.remove();
    await ecr.stop();
    await folder.remove();
  });

  test("is read and copied by skopeo", async () => {
    const reference = `docker://${ecr.host}/app:v1`;
    const { stdout } = await run("skopeo", ["inspect", "--tls-verify=false", reference]);
    expect(JSON.parse(stdout)).toMatchObject({
      Architecture: architecture,
      Os: "linux",
      Env: expect.any(Array),
    });
    const layout = `oci:${join(folder.path, "layout")}:v1`;
    await run("skopeo", ["copy", "--src-tls-verify=false", "--preserve-digests", reference, layout]);
    const inspected = await run("skopeo", ["inspect", "--config", layout]);
    expect(JSON.parse(inspected.stdout).config.Cmd).toEqual(["/etc/motd.txt"]);
  });

  test("is run by podman, which unpacks its layers", async () => {
    const storage = join(folder.path, "storage");
    const engine = (...args: string[]) =>
      run("podman", [
        ...["--root", storage, "--runroot", join(folder.path, "run"), "--storage-driver", "vfs"],
        ...["--runtime", "runc", "--cgroup-manager", "cgroupfs", ...args],
      ]);
    const image = `${ecr.host}/app:v1`;
    await engine("pull", "--tls-verify=false", image);
    const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
    const print = async (user: string, ...files: string[]) =>
      (await engine("run", "--rm", "--network=none", "--user", user, ...limits, image, ...files)).stdout;
    const greeting = 'module.exports = "hello from scratch";\n';
    expect(await print("5:6")).toBe(greeting);
    expect(await print("5:6", "own.txt")).toBe(greeting);
    expect(await print("5:6", "/context/link.txt")).toBe(greeting);
    await expect(print("7:8", "own.txt")).rejects.toThrow(/own\.txt/);
  }, 120_000);
});
