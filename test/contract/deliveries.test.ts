import { describe, expect, test } from "@jest/globals";
import type { DeliveryRecord } from "../../shared/store/stream-store.ts";
import { openStores } from "./stores.ts";

const { each } = openStores();

describe.each(each)("deliveries %s", (_where, open) => {
  const delivery: DeliveryRecord = {
    id: "event-1",
    repository: "hello",
    commit: "c".repeat(40),
    ref: "refs/heads/main",
    trigger: "push",
    pipeline: "hello",
    at: 1_000,
    outcome: { runId: "hello-1" },
  };

  test("the first record of a delivery stays", async () => {
    const { deliveries } = await open();
    expect(await deliveries.find(delivery)).toBeUndefined();
    expect(await deliveries.record(delivery)).toEqual(delivery);
    const second = { ...delivery, at: 2_000, outcome: { ignored: "late" } };
    expect(await deliveries.record(second)).toEqual(delivery);
    expect(await deliveries.find(delivery)).toEqual(delivery);
  });

  test("each pipeline has a record of its own", async () => {
    const { deliveries } = await open();
    await deliveries.record(delivery);
    await deliveries.record({ ...delivery, pipeline: "other", outcome: { ignored: "follows no branch" } });
    expect((await deliveries.find({ ...delivery, pipeline: "other" }))?.outcome).toEqual({
      ignored: "follows no branch",
    });
    expect((await deliveries.find(delivery))?.outcome).toEqual({ runId: "hello-1" });
  });

  test("a commit's deliveries are found together, whatever told of it, the oldest first", async () => {
    const { deliveries } = await open();
    const same = { ...delivery, outcome: { ignored: "it has its run already" } };
    const all: readonly DeliveryRecord[] = [
      delivery,
      { ...same, at: 1_001, id: "event-2" },
      { ...same, at: 1_002, pipeline: "other" },
      { ...same, at: 1_003, repository: "acme/hello", ref: "refs/tags/v1", trigger: "release" },
    ];
    for (const one of [...all].reverse()) await deliveries.record(one);
    await deliveries.record({ ...delivery, commit: "d".repeat(40) });
    expect(await deliveries.ofCommit(delivery.commit)).toEqual(all);
    expect(await deliveries.ofCommit("e".repeat(40))).toEqual([]);
  });

  test("of many deliveries of one commit none is left out", async () => {
    const { deliveries } = await open();
    const many = Array.from({ length: 60 }, (_, n) => ({ ...delivery, id: `event-${n}`, at: n }));
    const long = { ignored: "x".repeat(20_000) };
    await Promise.all(many.map((one) => deliveries.record({ ...one, outcome: long })));
    expect((await deliveries.ofCommit(delivery.commit)).map(({ id }) => id)).toEqual(
      many.map(({ id }) => id),
    );
  });
});
