import { afterEach, expect, test } from "@jest/globals";
import { readOn } from "../../cli/render/log.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import { build, DIGEST, type FakeApi, startFakeApi, tandem, view } from "./support.ts";

let api: FakeApi;
afterEach(() => api.close());
const show = async (run: RunView, args: readonly string[] = ["show", "hello-3"], live = false) => {
  api = await startFakeApi(() => ({ body: run }));
  return tandem(args, { url: api.url, live });
};

test("everything about a run on one page", async () => {
  expect((await show(view())).out).toBe(
    `hello-3  production
main 0123456 of hello by Carol, began 2026-11-21 20:00:00 UTC

image hello  ${DIGEST}
  PLATFORM     BUILD      SECONDS  DIGEST
  linux/amd64  succeeded  3.3      sha256:a1a1a1a1a1a1
  linux/arm64  succeeded  3.3      sha256:a1a1a1a1a1a1
  tags main

stage staging  succeeded
  SERVICE      STATUS     TASKS              IMAGE
  staging/web  succeeded  arm64 2, x86_64 2  sha256:a1a1a1a1a1a1

stage production  gated
  asks 1 of release-managers until 2026-11-28 20:00:12 UTC
  decide: tandem approve hello-3 production  or  tandem refuse hello-3 production --reason WHY
  SERVICE         STATUS   TASKS  IMAGE
  production/web  pending
`,
  );
});

test("a failed build: its reason, the end of its log, and where to read on", async () => {
  const failed = {
    ...build("linux/arm64"),
    status: "failed",
    reason: "failed in BUILD",
    log: { group: "/aws/codebuild/tandem-arm64", stream: "s/1", lines: ["COPY missing", "not found"] },
  };
  const [image] = view().images;
  if (image === undefined) throw new Error("no image");
  const run = view({
    status: "failed",
    reason: "building failed",
    images: [{ ...image, builds: [build("linux/amd64"), failed] }],
  });
  const { code, out } = await show(run);
  expect(code).toBe(0);
  expect(out).toContain(`  linux/arm64: failed in BUILD
    | COPY missing
    | not found
    read on: AWS_ENDPOINT_URL=${api.url} aws logs get-log-events --output text --log-group-name /aws/codebuild/tandem-arm64 --log-stream-name s/1
`);
  expect(out).toContain("took 12.3 s\nbuilding failed\n");
});

test("no escape codes but in a terminal", async () => {
  const plain = await show(view());
  expect(plain.out).not.toContain("\u001b");
  await api.close();
  const painted = await show(view(), ["show", "hello-3"], true);
  expect(painted.out).toContain("\u001b[32msucceeded\u001b[0m");
});

test("what came from elsewhere cannot move the cursor", async () => {
  const { out } = await show(view({ author: "Ev\u001b[2Jil\r\n\u009b31m" }));
  expect(out).toContain("by Ev\u{fffd}[2Jil\u{fffd}\u{fffd}\u{fffd}31m,");
});

/** Answers the run, and as its first event how it began. */
const begun = async (run: RunView, trigger?: unknown) => {
  api = await startFakeApi(({ url }) => {
    if (!url.endsWith("/events")) return { body: run };
    if (trigger === undefined)
      return { status: 404, body: { error: { code: "unknown-run", message: "there is no run" } } };
    return { body: { events: [{ type: "run.started", at: 1, trigger }] } };
  });
  return (await tandem(["show", "hello-3"], { url: api.url })).out;
};
const began = async (run: RunView, trigger?: unknown) => (await begun(run, trigger)).split("\n")[2];

test.each([
  [{ type: "pull-request", number: 7, fork: false }, "pull request 7: built only"],
  [{ type: "pull-request", number: 8, fork: true }, "pull request 8 from a fork: built only"],
  [{ type: "manual", by: "alice" }, "started by alice"],
  [{ type: "manual", by: "a\u001b[2Jb" }, "started by a\u{fffd}[2Jb"],
  [
    { type: "base-image", repository: "base/node", digest: DIGEST },
    "started by the new base image base/node@sha256:a1a1a1a1a1a1",
  ],
  [{ type: "schedule" }, "started by the schedule"],
  [{ type: "release" }, "started by a release"],
  [
    { type: "rollback", by: "alice", to: "hello-1", reason: "slow" },
    "back to the release of hello-1 by alice: slow",
  ],
  [
    { type: "unquarantine", by: "bob", of: "hello-2", reason: "mended" },
    "the release of hello-2 on every architecture again by bob: mended",
  ],
  [{ type: "shift", by: "alice", of: "hello-2" }, "weights moved by alice"],
  [{ type: "head" }, "started by the sweep: nobody had told of the commit"],
])("how a run began: %j", async (trigger, line) => {
  expect(await began(view({ trigger: trigger.type }), trigger)).toBe(line);
});

test("a run that is just beginning does not show yet who started it", async () => {
  expect(await began(view({ trigger: "manual" }))).toBe("started by hand");
});

test("an image that was not built says whose index it is", async () => {
  const [image] = view().images;
  if (image === undefined) throw new Error("no image");
  const { out } = await show(view({ images: [{ ...image, reusedFrom: "hello-2", builds: [] }] }));
  expect(out).toContain(
    `image hello  ${DIGEST}\n  reused from hello-2: none of its paths has changed\n  tags main\n`,
  );
});

test("a run that moves a release says who published it", async () => {
  const [image] = view().images;
  if (image === undefined) throw new Error("no image");
  const moved = view({ trigger: "rollback", images: [{ ...image, reusedFrom: "hello-2", builds: [] }] });
  expect(await begun(moved)).toContain(`image hello  ${DIGEST}\n  published by hello-2\n`);
});

test("what GitHub does not show is told", async () => {
  const { out } = await show(view({ reportProblem: "GitHub is told nothing: put a token there" }));
  expect(out).toContain("UTC\nGitHub is told nothing: put a token there\n");
});

test("explain prints the sentences", async () => {
  const { out } = await show(view(), ["explain", "hello-3"]);
  expect(out).toBe("hello-3 is staging\nproduction waits for 1 approval from release-managers\n");
});

test("explain --json", async () => {
  const { out } = await show(view(), ["explain", "hello-3", "--json"]);
  expect(JSON.parse(out)).toEqual({ id: "hello-3", status: "staging", explanation: view().explanation });
});

test("where to read on, on AWS and on this machine", () => {
  const log = { group: "g", stream: "s", link: "https://console.aws.amazon.com/x", lines: [] };
  const onAws = readOn({ url: "https://x.execute-api.eu-west-1.amazonaws.com", local: false });
  expect(onAws(log)).toBe("https://console.aws.amazon.com/x");
  expect(onAws({ group: "g", stream: "s", lines: [] })).toMatch(
    /^aws logs get-log-events .* g --log-stream-name s$/,
  );
  expect(readOn({ url: "http://127.0.0.1:1", local: true })(log)).toMatch(
    /^AWS_ENDPOINT_URL=http:\/\/127.0.0.1:1 aws/,
  );
});
