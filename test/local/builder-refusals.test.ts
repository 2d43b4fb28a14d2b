import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { BuildError } from "../../local/builder/build-error.ts";
import { newWorkspace, type Workspace } from "./builder-workspace.ts";

let work: Workspace;

beforeEach(async () => {
  work = await newWorkspace();
});

afterEach(() => work.remove());

async function faultsOf(dockerfile: string, options: Parameters<Workspace["build"]>[1] = {}) {
  const error = await work.build(dockerfile, options).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof BuildError)) throw new Error(`expected a BuildError, got ${String(error)}`);
  return error;
}

test("everything that needs an engine is refused at once, with line and remedy", async () => {
  const error = await faultsOf(`FROM scratch AS tools
RUN echo not needed by the target
FROM scratch
COPY . /src
RUN npm ci && \\
    npm run build
ADD https://example.com/a.tar.gz /
ADD git@github.com:o/r.git /r
ONBUILD COPY . /
COPY --parents a/b /
RUN <<EOF
one
EOF
BOGUS x
`);
  expect(error.faults.map(({ file, line }) => `${file}:${line}`)).toEqual(
    [5, 7, 8, 9, 10, 11, 14].map((line) => `Dockerfile:${line}`),
  );
  expect(error.line).toBe(5);
  expect(error.remedy).toContain("install docker, or podman with buildah");
  expect(error.message.split("\n")[0]).toBe(
    "Dockerfile:5: RUN npm ci && npm run build: the built-in builder cannot run commands " +
      "(install docker, or podman with buildah, so that a container engine builds it; --engine chooses one)",
  );
  expect(error.message).not.toContain("not needed");
});

test("an instruction that cannot be carried out names file, line and what to do", async () => {
  const substitution = (inner: string) => ["ENV A=$", `{${inner}}`].join("");
  const faults: Record<string, RegExp> = {
    "FROM scratch\n\nEXPOSE http\n": /^Dockerfile:3: EXPOSE http is not a port/,
    "FROM scratch\nENV A\n": /^Dockerfile:2: ENV A has no value/,
    "FROM scratch\nENV A=1 B\n": /^Dockerfile:2: ENV: B is not NAME=value/,
    [`FROM scratch\n${substitution("B:?needed")}\n`]: /^Dockerfile:2: B: needed \(.*--build-arg B/,
    [`FROM scratch\n${substitution("B/x/y")}\n`]: /^Dockerfile:2: .*substitution/,
    "FROM scratch\nENV A='x\n": /^Dockerfile:2: .*no closing '/,
    "FROM scratch\nCOPY only\n": /^Dockerfile:2: COPY needs a source and a destination/,
    "FROM scratch\nCOPY --chown=node:node Dockerfile /\n": /^Dockerfile:2: .*--chown=node:node.*numbers/,
    "FROM scratch\nCOPY --chmod=u+x Dockerfile /\n": /^Dockerfile:2: .*--chmod=u\+x.*octal/,
    "FROM scratch\nCOPY no*such /\n": /^Dockerfile:2: COPY: no\*such is not in the build context/,
    "FROM scratch\nHEALTHCHECK --interval=soon CMD x\n": /^Dockerfile:2: .*not a duration/,
    "FROM scratch\nSHELL sh\n": /^Dockerfile:2: SHELL sh is not in JSON form/,
    "FROM scratch\nSTOPSIGNAL a/b\n": /^Dockerfile:2: STOPSIGNAL/,
    "FROM --platform=nowhere scratch\n": /^Dockerfile:1: 'nowhere' is not a platform/,
    "FROM scratch\nCOPY <<here /x\ntext\n": /^Dockerfile:2: COPY <<here \/x: no line ends <<here/,
    "FROM scratch\nCOPY a[z-b] /\n": /^Dockerfile:2: the pattern a\[z-b\] cannot be read/,
    "FROM\n": /^Dockerfile:1: FROM cannot be read/,
    "COPY a b\nFROM scratch\n": /^Dockerfile:1: COPY stands before the first FROM/,
    "# nothing\n": /^Dockerfile: there is no FROM/,
  };
  for (const [dockerfile, message] of Object.entries(faults)) {
    expect((await faultsOf(dockerfile)).message).toMatch(message);
  }
});

test("a target or a platform that is not there is said to be so", async () => {
  expect((await faultsOf("FROM scratch AS app\n", { target: "web" })).message).toBe(
    "Dockerfile: there is no stage web (choose one of app)",
  );
  expect((await faultsOf("FROM scratch\n", { platform: "arm64" })).message).toMatch(
    /'arm64' is not a platform/,
  );
  expect((await faultsOf("FROM scratch\n", { dockerfile: "nowhere/Dockerfile" })).message).toMatch(
    /^nowhere\/Dockerfile: the Dockerfile cannot be read/,
  );
});

test("a build that is stopped fails with the reason", async () => {
  const controller = new AbortController();
  await work.files({ a: "a", b: "b" });
  const log: string[] = [];
  const stopped = work.build("FROM scratch\nCOPY a /\nCOPY b /\n", {
    signal: controller.signal,
    log: (line) => {
      log.push(line);
      if (line.includes("COPY a")) controller.abort(new Error("StopBuild"));
    },
  });
  await expect(stopped).rejects.toThrow("StopBuild");
  expect(log.join("\n")).not.toContain("exporting");
});
