import { readdir, stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type EcrEndpoint, startEcr, temporaryFolder } from "./ecr-endpoint.ts";
import { indexOf, pushBlob, pushImageParts, putManifest, sha256 } from "./registry-content.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ecr: EcrEndpoint;

beforeAll(async () => {
  folder = await temporaryFolder();
  ecr = await startEcr(folder.path);
  for (const repositoryName of ["app", "other", "blobs/manifests/tags"]) {
    await ecr.client.send(new CreateRepositoryCommand({ repositoryName }));
  }
});

afterAll(async () => {
  await ecr.stop();
  await folder.remove();
});

const at = (path: string, init?: RequestInit) => fetch(`${ecr.url}/v2/${path}`, init);

async function errorOf(response: Response): Promise<unknown> {
  const { errors } = (await response.json()) as { errors: [{ code: string }] };
  return { status: response.status, code: errors[0].code };
}

async function begin(repository = "app"): Promise<string> {
  const response = await at(`${repository}/blobs/uploads/`, { method: "POST" });
  expect(response.status).toBe(202);
  return `${ecr.url}${response.headers.get("location")}`;
}

/** Waits until the server has written a file of that size among what is being received. */
async function received(size: number): Promise<void> {
  const incoming = join(folder.path, "ecr", "incoming");
  for (;;) {
    for (const file of await readdir(incoming)) if ((await stat(join(incoming, file))).size === size) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("end points", () => {
  test("answer pings with and without credentials", async () => {
    for (const headers of [{}, { Authorization: "Basic QVdTOng=" }, { Authorization: "Bearer x" }]) {
      const response = await at("", { headers });
      expect(response.status).toBe(200);
      expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    }
  });

  test("say what is wrong in the specification's words", async () => {
    const missing = sha256("missing");
    expect(await errorOf(await at("none/manifests/latest"))).toEqual({ status: 404, code: "NAME_UNKNOWN" });
    expect(await errorOf(await at("none/blobs/uploads/", { method: "POST" }))).toEqual({
      status: 404,
      code: "NAME_UNKNOWN",
    });
    expect(await errorOf(await at("app/manifests/none"))).toEqual({ status: 404, code: "MANIFEST_UNKNOWN" });
    expect(await errorOf(await at(`app/blobs/${missing}`))).toEqual({ status: 404, code: "BLOB_UNKNOWN" });
    expect(await errorOf(await at("app/blobs/sha256:1"))).toEqual({ status: 400, code: "DIGEST_INVALID" });
    expect(await errorOf(await at("App/tags/list"))).toEqual({ status: 400, code: "NAME_INVALID" });
    expect(await errorOf(await at("app/blobs/uploads/none"))).toEqual({
      status: 404,
      code: "BLOB_UPLOAD_UNKNOWN",
    });
    expect(await errorOf(await at("app/tags/list", { method: "POST" }))).toEqual({
      status: 405,
      code: "UNSUPPORTED",
    });
    expect((await at("nothing/here")).status).toBe(404);
  });

  test("find the repository in a path whose name has the API's own words", async () => {
    const manifest = await pushImageParts(ecr.url, "blobs/manifests/tags", "words");
    expect((await putManifest(ecr.url, "blobs/manifests/tags", "v1", manifest)).status).toBe(201);
    const listed = await at("blobs/manifests/tags/tags/list");
    expect(await listed.json()).toEqual({ name: "blobs/manifests/tags", tags: ["v1"] });
  });
});

describe("blobs", () => {
  test("are uploaded in chunks, with a status to resume from", async () => {
    const location = await begin();
    const chunk = (body: string, range?: string) =>
      fetch(location, { method: "PATCH", body, headers: range ? { "Content-Range": range } : {} });
    const first = await chunk("hello ", "0-5");
    expect(first.status).toBe(202);
    expect(first.headers.get("range")).toBe("0-5");
    const early = await chunk("!!", "9-10");
    expect(early.status).toBe(416);
    expect(early.headers.get("range")).toBe("0-5");
    const status = await fetch(location);
    expect([status.status, status.headers.get("range")]).toEqual([204, "0-5"]);
    const digest = sha256("hello world");
    const last = await fetch(`${location}?digest=${digest}`, { method: "PUT", body: "world" });
    expect(last.status).toBe(201);
    expect(last.headers.get("docker-content-digest")).toBe(digest);
    const blob = await fetch(`${ecr.url}${last.headers.get("location")}`);
    expect(await blob.text()).toBe("hello world");
    expect((await fetch(location)).status).toBe(404);
  });

  test("are refused when the digest does not fit, and leave nothing behind", async () => {
    const location = await begin();
    const wrong = sha256("something else");
    const response = await fetch(`${location}?digest=${wrong}`, { method: "PUT", body: "content" });
    expect(await errorOf(response)).toEqual({ status: 400, code: "DIGEST_INVALID" });
    expect((await at(`app/blobs/${wrong}`)).status).toBe(404);
    expect((await at(`app/blobs/${sha256("content")}`)).status).toBe(404);
  });

  test("go on after a connection that broke in the middle of a chunk", async () => {
    const location = await begin();
    const half = httpRequest(location, { method: "PATCH", headers: { "Content-Length": 100 } });
    const broken = new Promise((resolve) => half.on("error", resolve));
    half.write("abc");
    await received(3);
    half.destroy(new Error("cable pulled"));
    await broken;
    const status = await fetch(location);
    expect(status.headers.get("range")).toBe("0-2");
    const rest = await fetch(`${location}?digest=${sha256("abcdef")}`, { method: "PUT", body: "def" });
    expect(rest.status).toBe(201);
  });

  test("can be cancelled", async () => {
    const location = await begin();
    expect((await fetch(location, { method: "DELETE" })).status).toBe(204);
    expect((await fetch(location)).status).toBe(404);
  });

  test("are mounted from a repository that has them, else an upload begins", async () => {
    const digest = await pushBlob(ecr.url, "app", "to be mounted");
    expect((await at(`other/blobs/${digest}`, { method: "HEAD" })).status).toBe(404);
    const mount = (from: string) =>
      at(`other/blobs/uploads/?mount=${digest}&from=${from}`, { method: "POST" });
    expect((await mount("none")).status).toBe(202);
    expect((await mount("other")).status).toBe(202);
    const mounted = await mount("app");
    expect(mounted.status).toBe(201);
    expect(mounted.headers.get("location")).toBe(`/v2/other/blobs/${digest}`);
    expect((await at(`other/blobs/${digest}`, { method: "HEAD" })).status).toBe(200);
  });

  test("are given whole, as a range, or as headers only", async () => {
    const digest = await pushBlob(ecr.url, "app", "0123456789");
    const head = await at(`app/blobs/${digest}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "10", ""]);
    const range = (value: string) => at(`app/blobs/${digest}`, { headers: { Range: value } });
    const middle = await range("bytes=2-4");
    expect([middle.status, middle.headers.get("content-range"), await middle.text()]).toEqual([
      206,
      "bytes 2-4/10",
      "234",
    ]);
    expect(await (await range("bytes=7-")).text()).toBe("789");
    expect(await (await range("bytes=-2")).text()).toBe("89");
    expect(await (await range("bytes=8-99")).text()).toBe("89");
    const beyond = await range("bytes=10-");
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */10"]);
    expect((await range("lines=1-2")).status).toBe(200);
  });

  test("may be empty", async () => {
    const digest = await pushBlob(ecr.url, "app", "");
    const response = await at(`app/blobs/${digest}`);
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

describe("manifests", () => {
  test("are served byte for byte with the type they came with, whatever is accepted", async () => {
    const manifest = `${await pushImageParts(ecr.url, "app", "bytes")}\n`;
    const pushed = await putManifest(ecr.url, "app", "v1", manifest);
    expect([pushed.status, pushed.headers.get("docker-content-digest")]).toEqual([201, sha256(manifest)]);
    for (const reference of ["v1", sha256(manifest)]) {
      const response = await at(`app/manifests/${reference}`, { headers: { Accept: "text/plain" } });
      expect(response.headers.get("content-type")).toBe("application/vnd.oci.image.manifest.v1+json");
      expect(await response.text()).toBe(manifest);
    }
    const head = await at("app/manifests/v1", { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(manifest.length));
    expect(head.headers.get("docker-content-digest")).toBe(sha256(manifest));
    // Again is no error, as it is for a docker push.
    expect((await putManifest(ecr.url, "app", "v1", manifest)).status).toBe(201);
  });

  test("must be whole: blobs and children are there first", async () => {
    const manifest = await pushImageParts(ecr.url, "other", "elsewhere");
    expect(await errorOf(await putManifest(ecr.url, "app", "v2", manifest))).toEqual({
      status: 400,
      code: "MANIFEST_BLOB_UNKNOWN",
    });
    expect(await errorOf(await putManifest(ecr.url, "app", "v2", indexOf([manifest])))).toEqual({
      status: 400,
      code: "MANIFEST_BLOB_UNKNOWN",
    });
    expect(await errorOf(await putManifest(ecr.url, "other", sha256("x"), manifest))).toEqual({
      status: 400,
      code: "DIGEST_INVALID",
    });
    const large = JSON.stringify({ ...JSON.parse(manifest), filler: "x".repeat(4 * 1024 * 1024) });
    expect((await putManifest(ecr.url, "other", "large", large)).status).toBe(413);
    expect((await at("other/manifests/large")).status).toBe(404);
  });

  test("lose a tag, or go altogether, but not while an index lists them", async () => {
    const manifest = await pushImageParts(ecr.url, "other", "deleted");
    const digest = sha256(manifest);
    await putManifest(ecr.url, "other", "t1", manifest);
    await putManifest(ecr.url, "other", "index", indexOf([manifest]));
    const remove = (reference: string) => at(`other/manifests/${reference}`, { method: "DELETE" });
    expect((await remove("t1")).status).toBe(202);
    expect((await at("other/manifests/t1")).status).toBe(404);
    expect((await at(`other/manifests/${digest}`)).status).toBe(200);
    expect(await errorOf(await remove(digest))).toEqual({ status: 403, code: "DENIED" });
    expect((await remove(sha256(indexOf([manifest])))).status).toBe(202);
    expect((await remove(digest)).status).toBe(202);
    expect((await remove(digest)).status).toBe(404);
  });
});

describe("lists", () => {
  test("of tags are in order and come in pages", async () => {
    await ecr.client.send(new CreateRepositoryCommand({ repositoryName: "tagged" }));
    const manifest = await pushImageParts(ecr.url, "tagged", "tags");
    for (const tag of ["b", "a", "d", "c", "B"]) await putManifest(ecr.url, "tagged", tag, manifest);
    const pages: unknown[] = [];
    let path: string | undefined = "/v2/tagged/tags/list?n=2";
    while (path !== undefined) {
      const response: Response = await fetch(`${ecr.url}${path}`);
      pages.push(((await response.json()) as { tags: unknown }).tags);
      path = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(pages).toEqual([["B", "a"], ["b", "c"], ["d"]]);
    expect(await (await at("tagged/tags/list?last=c")).json()).toEqual({ name: "tagged", tags: ["d"] });
    expect(await (await at("tagged/tags/list?n=0")).json()).toEqual({ name: "tagged", tags: [] });
    expect((await at("tagged/tags/list?n=-1")).status).toBe(400);
  });

  test("of repositories too", async () => {
    const response = await at("_catalog?n=1");
    expect(await response.json()).toEqual({ repositories: ["app"] });
    expect(response.headers.get("link")).toBe('</v2/_catalog?n=1&last=app>; rel="next"');
  });

  test("of referrers name what is about a digest, even one that is not there yet", async () => {
    const subject = sha256("a subject that is pushed later");
    const config = await pushBlob(ecr.url, "app", "{}");
    const referrer = (artifactType: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType,
        config: { mediaType: "application/vnd.oci.empty.v1+json", digest: config, size: 2 },
        layers: [],
        subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: subject, size: 10 },
        annotations: { about: artifactType },
      });
    for (const type of ["text/sbom", "text/signature"]) {
      const manifest = referrer(type);
      const response = await putManifest(ecr.url, "app", sha256(manifest), manifest);
      expect(response.headers.get("oci-subject")).toBe(subject);
    }
    const all = await at(`app/referrers/${subject}`);
    expect(all.headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
    expect(((await all.json()) as { manifests: unknown[] }).manifests).toHaveLength(2);
    const filtered = await at(`app/referrers/${subject}?artifactType=text%2Fsbom`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    const sbom = referrer("text/sbom");
    expect(await filtered.json()).toMatchObject({
      manifests: [
        {
          digest: sha256(sbom),
          size: sbom.length,
          artifactType: "text/sbom",
          annotations: { about: "text/sbom" },
        },
      ],
    });
    expect(await (await at(`app/referrers/${sha256("nothing")}`)).json()).toMatchObject({ manifests: [] });
  });
});
