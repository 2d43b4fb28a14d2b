import type { InboxItem, MeView } from "../../../shared/pipeline/api-views.ts";
import type { CardView } from "../../../shared/pipeline/card-view.ts";
import type { RunView } from "../../../shared/pipeline/view.ts";
import { releaseLine } from "./places.ts";
import { commitOf, HOUR, iso, MINUTE } from "./views.ts";
import { GROUPS, HOSTILE, type World } from "./world.ts";

/** What the stand-in answers to one person. */

export function meOf(world: World, person: string): MeView {
  const groups = GROUPS[person] ?? [];
  const stages = world.pipelines.flatMap((pipeline) =>
    pipeline.stages
      .filter(({ approval }) => approval?.from.some((group) => groups.includes(group)) === true)
      .map((stage) => ({ pipeline: pipeline.name, stage: stage.name })),
  );
  return {
    person,
    identity: `https://issuer.example.com#${person}`,
    aliases: [`${person}@example.com`],
    groups,
    by: "jwt",
    may: {
      read: true,
      operate: groups.length === 0 ? [] : world.pipelines.map(({ name }) => name),
      decide: stages,
    },
  };
}

export function inboxOf(world: World, person: string): readonly InboxItem[] {
  const may = meOf(world, person).may.decide;
  return world.pipelines.flatMap((pipeline) =>
    pipeline.stages.flatMap((stage): readonly InboxItem[] => {
      if (!may.some((one) => one.pipeline === pipeline.name && one.stage === stage.name)) return [];
      const place = { pipeline: pipeline.name, stage: stage.name };
      const address = `/pipelines/${pipeline.name}/stages/${stage.name}`;
      const held: readonly InboxItem[] =
        stage.hold === undefined
          ? []
          : [
              {
                type: "hold",
                ...place,
                run: stage.hold.run,
                since: undefined,
                reason: stage.hold.reason,
                links: { run: `/runs/${stage.hold.run}`, releaseHold: `${address}/release-hold` },
              },
            ];
      const run = stage.holder === undefined ? undefined : world.runs.get(stage.holder.run);
      const gate = run?.stages.find(({ name }) => name === stage.name)?.gate;
      if (run === undefined || gate?.open !== true) return held;
      const approvals = (gate.approvals ?? []).map((approval) => approval.person);
      if (approvals.includes(person)) return held;
      const { release, from, required, openedAt, expiresAt } = gate;
      const author = run.author ?? "";
      const barred = author.includes(`${person}@`) ? "you are the author of this commit" : undefined;
      return [
        ...held,
        {
          type: "approval",
          ...place,
          run: run.id,
          since: openedAt,
          commit: run.commit,
          ref: run.ref,
          author,
          gate: { release, from, required, approvals, expiresAt },
          links: {
            run: `/runs/${run.id}`,
            events: `/runs/${run.id}/events`,
            card: `/runs/${run.id}/stages/${stage.name}/card`,
            approval: `/runs/${run.id}/stages/${stage.name}/approval`,
          },
          barred,
        },
      ];
    }),
  );
}

export function cardOf(world: World, run: RunView, stage: string, person: string): CardView | undefined {
  const shown = run.stages.find(({ name }) => name === stage);
  const gate = shown?.gate;
  if (gate === undefined) return undefined;
  const pause = shown?.services.map((service) => service.pause).find((one) => one?.open === true);
  const open = gate.open || pause !== undefined;
  const member = meOf(world, person).may.decide.some((one) => one.stage === stage);
  const given = pause?.approvals.map((one) => ({ person: one, at: gate.openedAt })) ?? gate.approvals ?? [];
  const approved = given.some((approval) => approval.person === person);
  const author = (run.author ?? "").includes(`${person}@`);
  const current = releaseLine(run.pipeline, 42, world.now - 49 * HOUR);
  const link = (number: number) => `https://git.example.com/shop/commit/${commitOf(number)}`;
  return {
    run: run.id,
    pipeline: run.pipeline,
    sequence: run.sequence,
    stage,
    release: gate.release,
    current,
    compare: "https://git.example.com/shop/compare",
    commits: [
      {
        commit: run.commit,
        message: `${world.details.get(run.id)?.message}\n\nPeople asked for it at the checkout.\nThe date is that of the slowest parcel.`,
        author: run.author ?? "",
        at: iso(world.now - 32 * MINUTE),
        link: link(43),
      },
      {
        commit: commitOf(1042),
        message: HOSTILE,
        author: "Dave <dave@example.com>",
        at: iso(world.now - 20 * HOUR),
        link: "javascript:alert(1)",
      },
      {
        commit: commitOf(1041),
        message: "Round prices the way the tax office does",
        author: "Erin Novak <erin@example.com>",
        at: iso(world.now - 44 * HOUR),
        link: link(1041),
      },
    ],
    images: [
      {
        image: "shop",
        platform: "linux/amd64",
        size: 48_410_000,
        sizeBefore: 47_900_000,
        buildSeconds: 141,
        buildSecondsBefore: 135,
        scan: { status: "COMPLETE", findings: { HIGH: 1, MEDIUM: 4, LOW: 12 }, added: { HIGH: 1 } },
      },
      {
        image: "shop",
        platform: "linux/arm64",
        size: 45_120_000,
        sizeBefore: 38_700_000,
        buildSeconds: 97,
        buildSecondsBefore: 101,
        scan: { status: "COMPLETE", findings: { MEDIUM: 3, LOW: 12 } },
      },
    ],
    approval: {
      open,
      required: gate.required,
      from: gate.from,
      may: ["alice", "bob"],
      given,
      openedAt: gate.openedAt,
      expiresAt: gate.expiresAt,
      voided: gate.voided,
      you: {
        mayApprove: open && member && !approved && !author,
        mayRefuse: open && member,
        mayWithdraw: open && approved,
        mayOverride: gate.open && member,
        ...(member
          ? author
            ? { why: "you are the author of this commit" }
            : {}
          : { why: "only members of release-managers decide here" }),
      },
    },
    missing: [],
  };
}
