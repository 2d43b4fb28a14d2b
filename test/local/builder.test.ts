import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { newWorkspace, type Workspace } from "./builder-workspace.ts";

let work: Workspace;

beforeEach(async () => {
  work = await newWorkspace();
});

afterEach(() => work.remove());

describe("the image", () => {
  test("of a small program has the layers and the configuration that the Dockerfile says", async () => {
    await work.files({ "bin/arm64/app": "x:program", "web/index.html": "<p>hello", "web/deep/a.css": "a{}" });
    const built = await work.build(
      `# syntax=docker/dockerfile:1
ARG WHERE=web
FROM scratch
ARG TARGETARCH
ARG VERSION=dev
ARG WHERE
LABEL org.opencontainers.image.version=$VERSION \\
      title="A \\"small\\" program"
WORKDIR /srv
# a comment
COPY bin/\${TARGETARCH}/app /app
COPY \${WHERE} site/
ENV PORT=8080 GREETING="hello \${VERSION}" \\
    # in between
    EMPTY=
ENV URL=http://localhost:$PORT/\${NONE:-x}\${PORT:+y}\\$z
EXPOSE $PORT 9000-9001/udp
VOLUME ["/data", "/tmp/$PORT"]
USER 1000:1000
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=1m30s --timeout=500ms --retries=2 CMD ["/app", "check"]
ENTRYPOINT ["/app"]
CMD ["serve", "$PORT"]
`,
      {
        platform: "linux/arm64",
        buildArgs: { VERSION: "1.2.3", UNUSED: "1" },
        labels: { commit: "abc" },
        annotations: { "org.opencontainers.image.revision": "abc" },
      },
    );
    expect(await work.layers(built.digest)).toEqual([
      ["755 0:0 app = program"],
      [
        "755 0:0 srv/",
        "755 0:0 srv/site/",
        "755 0:0 srv/site/deep/",
        "644 0:0 srv/site/deep/a.css = a{}",
        "644 0:0 srv/site/index.html = <p>hello",
      ],
    ]);
    expect(built.config).toMatchObject({
      os: "linux",
      architecture: "arm64",
      created: "1970-01-01T00:00:00.000Z",
    });
    expect(built.config.config).toEqual({
      Env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PORT=8080",
        "GREETING=hello 1.2.3",
        "EMPTY=",
        "URL=http://localhost:8080/xy$z",
      ],
      WorkingDir: "/srv",
      Labels: {
        "org.opencontainers.image.version": "1.2.3",
        title: 'A "small" program',
        commit: "abc",
      },
      ExposedPorts: { "8080/tcp": {}, "9000/udp": {}, "9001/udp": {} },
      Volumes: { "/data": {}, "/tmp/8080": {} },
      User: "1000:1000",
      StopSignal: "SIGQUIT",
      Healthcheck: { Test: ["CMD", "/app", "check"], Interval: 90e9, Timeout: 0.5e9, Retries: 2 },
      Entrypoint: ["/app"],
      Cmd: ["serve", "$PORT"],
    });
    const manifest = JSON.parse((await work.store.bytes(built.digest)).toString());
    expect(manifest).toMatchObject({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { digest: built.configDigest },
      annotations: { "org.opencontainers.image.revision": "abc" },
    });
    const { history, rootfs } = built.config;
    expect(history.filter((entry) => entry.empty_layer !== true)).toHaveLength(rootfs.diff_ids.length);
    expect(history.at(-1)?.created_by).toBe('CMD ["serve", "$PORT"]');
    const log = work.log.join("\n");
    expect(log).toMatch(/^#\d+ \[2\/3\] COPY bin\/arm64\/app \/app$/m);
    expect(log).toMatch(/^#\d+ DONE \d+\.\ds$/m);
    expect(log).toContain("no ARG takes the build arguments UNUSED");
  });

  test("is the same for the same files, whatever their times, and another for other files", async () => {
    await work.files({
      "a/one": "1",
      "a/two": "2",
      "a/ünïcode and a name that is longer than a header has place for, which is one hundred bytes": "3",
    });
    const dockerfile = "FROM scratch\nCOPY . /\n";
    const first = await work.build(dockerfile);
    await utimes(join(work.contextDir, "a/one"), 1, 1);
    expect((await work.build(dockerfile)).digest).toBe(first.digest);
    const other = await newWorkspace();
    try {
      await other.files({
        "a/two": "2",
        "a/ünïcode and a name that is longer than a header has place for, which is one hundred bytes": "3",
        "a/one": "1",
      });
      expect((await other.build(dockerfile)).digest).toBe(first.digest);
      await other.files({ "a/one": "changed" });
      expect((await other.build(dockerfile)).digest).not.toBe(first.digest);
    } finally {
      await other.remove();
    }
    const dated = await work.build(dockerfile, { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" } });
    expect(dated.config.created).toBe("2023-11-14T22:13:20.000Z");
    expect(dated.digest).not.toBe(first.digest);
  });

  test("keeps shell forms, and a CMD only when it is the stage's own", async () => {
    const { config } = await work.build(
      `FROM scratch AS base
CMD ["inherited"]
HEALTHCHECK NONE
FROM base
SHELL ["/bin/bash", "-c"]
ENTRYPOINT exec "$APP" && \\
    true
`,
    );
    expect(config.config).toMatchObject({
      Entrypoint: ["/bin/bash", "-c", 'exec "$APP" &&     true'],
      Healthcheck: { Test: ["NONE"] },
    });
    expect(config.config.Cmd).toBeUndefined();
    const own = await work.build('FROM scratch\nCMD ["own"]\nENTRYPOINT ["/app"]\n');
    expect(own.config.config.Cmd).toEqual(["own"]);
  });

  test("takes variables in the order Docker does: ENV before ARG, build arguments before defaults", async () => {
    const { config } = await work.build(
      `ARG GLOBAL=global
FROM scratch
ARG GLOBAL
ARG A=default
ARG B=default
ARG C
ENV B=env
ENV R=$GLOBAL-$A-$B-\${C-unset}-\${C:-empty}
ENV X=1
ENV X=2 Y=$X
`,
      { buildArgs: { A: "given", B: "given" } },
    );
    expect(config.config.Env).toEqual(
      expect.arrayContaining(["R=global-given-env-unset-empty", "X=2", "Y=1"]),
    );
  });

  test("is of the platform that was asked for, with its variables", async () => {
    const dockerfile =
      "FROM scratch\nARG TARGETPLATFORM\nARG TARGETARCH\nARG TARGETVARIANT\nENV P=$TARGETPLATFORM/$TARGETARCH$TARGETVARIANT\n";
    const arm = await work.build(dockerfile, { platform: "linux/arm/v7" });
    expect(arm.config).toMatchObject({ architecture: "arm", variant: "v7" });
    expect(arm.config.config.Env).toContain("P=linux/arm/v7/armv7");
    const arm64 = await work.build(dockerfile, { platform: "linux/arm64/v8" });
    expect(arm64.config.variant).toBeUndefined();
    expect(arm64.config.config.Env).toContain("P=linux/arm64/arm64");
  });
});

describe("COPY", () => {
  const layersOf = async (dockerfile: string) => work.layers((await work.build(dockerfile)).digest);

  test("puts files and directories where Docker would", async () => {
    await work.files({ "a.txt": "A", "b.txt": "B", "dir/c.txt": "C", "dir/sub/d.txt": "D" });
    expect(
      await layersOf(
        `FROM scratch
COPY a.txt /file
COPY a.txt /into/
COPY a.txt b.txt /both/
COPY *.txt /glob/
COPY dir /contents
COPY dir/*/d.txt ["b.txt", "/json dir/"]
COPY ["b.txt", "/json dir/"]
COPY dir/s[t-v]b .
COPY a.txt /into
`.replace('COPY dir/*/d.txt ["b.txt", "/json dir/"]\n', "COPY dir/*/d.txt /deep\n"),
      ),
    ).toEqual([
      ["644 0:0 file = A"],
      ["755 0:0 into/", "644 0:0 into/a.txt = A"],
      ["755 0:0 both/", "644 0:0 both/a.txt = A", "644 0:0 both/b.txt = B"],
      ["755 0:0 glob/", "644 0:0 glob/a.txt = A", "644 0:0 glob/b.txt = B"],
      [
        "755 0:0 contents/",
        "644 0:0 contents/c.txt = C",
        "755 0:0 contents/sub/",
        "644 0:0 contents/sub/d.txt = D",
      ],
      ["644 0:0 deep = D"],
      ["755 0:0 json dir/", "644 0:0 json dir/b.txt = B"],
      ["644 0:0 d.txt = D"],
      ["644 0:0 into/a.txt = A"],
    ]);
  });

  test("sets owners and modes, keeps the executable bit and links", async () => {
    await work.files({ "d/run": "x:#!", "d/plain": "p", "d/link": "-> run", outside: "-> /etc/passwd" });
    expect(
      await layersOf(`FROM scratch
ARG ID=7
COPY --chown=$ID:8 --chmod=0750 d /x
COPY --chown=5 d/link /followed
COPY d /kept
`),
    ).toEqual([
      ["755 7:8 x/", "777 7:8 x/link -> run", "750 7:8 x/plain = p", "750 7:8 x/run = #!"],
      ["755 5:5 followed = #!"],
      ["755 0:0 kept/", "777 0:0 kept/link -> run", "644 0:0 kept/plain = p", "755 0:0 kept/run = #!"],
    ]);
    // A link that leads out of the context is looked up inside it, where there is no such file.
    await expect(work.build("FROM scratch\nCOPY outside /stolen\n")).rejects.toThrow(
      "Dockerfile:2: COPY: outside is not in the build context",
    );
    await expect(work.build("FROM scratch\nCOPY ../../../etc/passwd /stolen\n")).rejects.toThrow(
      "is not in the build context",
    );
  });

  test("copies from stages by name and by number, and between them only what is asked for", async () => {
    await work.files({ one: "1", two: "2", bin: "x:b" });
    expect(
      await layersOf(
        `FROM scratch AS Builder
WORKDIR /out
COPY one two ./
FROM scratch AS unused
RUN make everything
FROM scratch
COPY bin /usr/bin/
COPY --from=builder /out/one /first
COPY --from=0 /out /all
FROM 2 AS nothing
`.replace("FROM 2 AS nothing\n", ""),
      ),
    ).toEqual([
      ["755 0:0 usr/", "755 0:0 usr/bin/", "755 0:0 usr/bin/bin = b"],
      ["644 0:0 first = 1"],
      ["755 0:0 all/", "644 0:0 all/one = 1", "644 0:0 all/two = 2"],
    ]);
  });

  test("writes heredocs", async () => {
    expect(
      await layersOf(`FROM scratch
ARG WHO=world
COPY --chmod=755 <<one <<'two' /dir/
hello $WHO, "quoted" \\$5
one
raw $WHO
COPY not an instruction
two
COPY <<-END /indented
	tab
	END
`),
    ).toEqual([
      [
        "755 0:0 dir/",
        '755 0:0 dir/one = hello world, "quoted" $5\n',
        "755 0:0 dir/two = raw $WHO\nCOPY not an instruction\n",
      ],
      ["644 0:0 indented = tab\n"],
    ]);
  });

  test("leaves out what .dockerignore says, the Dockerfile's own before the context's", async () => {
    await work.files({
      ".dockerignore":
        "# comment\n*.log\nnode_modules\n**/*.tmp\n!important.log\n/docs/*\n!docs/README.md\nDockerfile*\n.dockerignore\n",
      "a.log": "",
      "important.log": "i",
      "sub/b.log": "b",
      "node_modules/x/y.js": "",
      "sub/c.tmp": "",
      "docs/a.md": "",
      "docs/README.md": "r",
    });
    expect(await layersOf("FROM scratch\nCOPY . /\n")).toEqual([
      [
        "755 0:0 docs/",
        "644 0:0 docs/README.md = r",
        "644 0:0 important.log = i",
        "755 0:0 sub/",
        "644 0:0 sub/b.log = b",
      ],
    ]);
    await expect(work.build("FROM scratch\nCOPY a.log /\n")).rejects.toThrow(
      "Dockerfile:2: COPY: a.log is not in the build context: .dockerignore keeps it out",
    );
    await work.files({ "Dockerfile.dockerignore": "*\n!a.log\n" });
    expect(await layersOf("FROM scratch\nCOPY . /\n")).toEqual([["644 0:0 a.log = "]]);
  });

  test("says where what collides", async () => {
    await work.files({ file: "f", "d/file": "f" });
    await expect(work.build("FROM scratch\nCOPY file /x\nCOPY file /x/y\n")).rejects.toThrow(
      "Dockerfile:3: /x is not a directory",
    );
    await expect(work.build("FROM scratch\nCOPY d /x/file/\nCOPY file /x/\n")).rejects.toThrow(
      "Dockerfile:3: /x/file would be a file, but is a directory already",
    );
    await expect(
      work.build("FROM scratch\nCOPY d /x/sub\nCOPY . /y\nCOPY file /y/sub/\nCOPY d/file file /z\n"),
    ).rejects.toThrow(
      "Dockerfile:5: COPY has several sources, but its destination /z is not written as a directory (write /z/)",
    );
  });
});
