import { useEffect, useRef, useState } from "preact/hooks";
import type { CardView, YourPart } from "../../shared/pipeline/card-view.ts";
import type { GateView, RunView, StageView } from "../../shared/pipeline/view.ts";
import { personName } from "../format/names.ts";
import { runAddress } from "../model/route.ts";
import { askedOf } from "../model/run-state.ts";
import { ApiError } from "../net/api.ts";
import { isCard } from "../net/guards.ts";
import { Ask, sentenceOf } from "../parts/ask.tsx";
import { Icon } from "../parts/icons.tsx";
import { Digest, Foreign, Notice, When } from "../parts/small.tsx";
import { CardFacts } from "./card-facts.tsx";
import { Conditions } from "./conditions.tsx";
import { type Console, useConsole } from "./context.ts";
import { Dots } from "./inbox-page.tsx";
import { useChange, useLive } from "./live.ts";
import { ServiceChanges } from "./service-changes.tsx";

/** What is asked of the release managers, the facts they need, and their answer. */
export function ApprovalCard({
  run,
  stage,
  onDone,
}: {
  readonly run: RunView;
  readonly stage: StageView;
  readonly onDone: () => void;
}) {
  const { t, me } = useConsole();
  const address = `/runs/${encodeURIComponent(run.id)}/stages/${encodeURIComponent(stage.name)}`;
  const card = useLive(`${address}/card`, isCard);
  const facts = card.value;
  // Somebody else has decided, or what was asked has changed.
  useChange(stateOf(stage), card.refresh);
  const place = useRef<HTMLElement>(null);
  // Whoever came for this card sees it at once.
  useEffect(() => {
    if (location.hash === `#${stage.name}`) place.current?.scrollIntoView();
  }, [stage.name]);
  const { gate } = stage;
  const asked = askedOf(stage);
  if (gate === undefined || asked === undefined) return null;
  const refresh = () => {
    card.refresh();
    onDone();
  };
  return (
    <section class="card" ref={place} id={stage.name} aria-labelledby="card-title">
      <header>
        <h2 id="card-title">{t.releaseTo(`#${run.sequence}`, stage.name)}</h2>
        <p>
          <Digest digest={gate.release} />
          {facts?.current !== undefined && (
            <>
              {" · "}
              {t.replaces} <a href={runAddress(facts.current.run)}>#{facts.current.sequence}</a>
            </>
          )}
          {" · "}
          {t.until} <When at={asked.expiresAt} />
        </p>
      </header>
      <div class="card-body">
        <div class="card-facts">
          {facts !== undefined && <CardFacts card={facts} />}
          {facts === undefined && card.error === undefined && <p class="empty">{t.loading}</p>}
          {card.error !== undefined && <Notice tone="bad">{t.noCard(card.error.message)}</Notice>}
          <ServiceChanges services={stage.services} />
        </div>
        <div class="card-decision">
          {asked.at !== undefined && <p class="flag">{t.pausedAt(asked.at)}</p>}
          {gate.required > 0 && (
            <>
              <Dots given={asked.approvals} required={gate.required} />
              <Who stage={stage} card={facts} />
            </>
          )}
          <Conditions gate={gate} />
          {gate.voided.map((why) => (
            <Notice tone="waits" key={why}>
              {t.voided} <Foreign text={why} />
            </Notice>
          ))}
          <Decision
            address={address}
            gate={gate}
            stage={stage.name}
            run={run.id}
            part={facts?.approval.you ?? partOf(me, run, stage)}
            ready={facts !== undefined || card.error !== undefined}
            onDone={refresh}
          />
        </div>
      </div>
    </section>
  );
}

function stateOf(stage: StageView): string {
  const { gate } = stage;
  return [gate?.release, gate?.round, gate?.override?.at, ...(askedOf(stage)?.approvals ?? [])].join();
}

/** What the run itself tells of the person's part, when the card cannot be had. */
function partOf(me: Console["me"], run: RunView, stage: StageView): YourPart {
  const member = me.may.decide.some((one) => one.pipeline === run.pipeline && one.stage === stage.name);
  const given = (stage.gate?.approvals ?? []).some(({ person }) => person === me.person);
  return { mayApprove: member && !given, mayRefuse: member, mayWithdraw: given, mayOverride: false };
}

function Who({ stage, card }: { readonly stage: StageView; readonly card: CardView | undefined }) {
  const { t } = useConsole();
  const groups = stage.gate?.from ?? [];
  const people = (card?.approval.may ?? []).map(personName);
  return (
    <p class="quiet">
      {t.mayDecide} <Foreign text={groups.join(", ")} />
      {people.length > 0 && (
        <>
          {" ("}
          <Foreign text={people.join(", ")} />
          {")"}
        </>
      )}
    </p>
  );
}

interface DecisionProps {
  readonly address: string;
  readonly gate: GateView;
  readonly stage: string;
  readonly run: string;
  readonly part: YourPart;
  /** The card has been drawn: nobody approves what they have not seen. */
  readonly ready: boolean;
  readonly onDone: () => void;
}

function Decision({ address, gate, stage, run, part, ready, onDone }: DecisionProps) {
  const { t, api, say } = useConsole();
  const [comment, setComment] = useState("");
  const [refusing, setRefusing] = useState(false);
  const [beginning, setBeginning] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const place = useRef<HTMLDivElement>(null);
  const acting = useRef(false);

  const send = async (decision: "approve" | "refuse" | "withdraw", words: string) => {
    const said = words === "" ? {} : { comment: words };
    say(
      await api.post(`${address}/approval`, { decision, release: gate.release, round: gate.round, ...said }),
    );
    onDone();
  };
  const act = async (decision: "approve" | "withdraw") => {
    // It can be focused before the card is there, so that the key for it is not lost; it does nothing yet.
    if (!ready && decision === "approve") return;
    // A double click decides once, also before the page has been drawn anew.
    if (acting.current) return;
    acting.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      await send(decision, comment.trim());
      setComment("");
    } catch (error) {
      setProblem(error);
      // What was drawn no longer holds: draw what does.
      if (error instanceof ApiError && error.status === 409) onDone();
    }
    setBusy(false);
    acting.current = false;
    // The button that was pressed may be gone; who uses the keyboard stays where it was.
    place.current?.focus();
  };

  const begin = async (reason: string) => {
    say(await api.post(`${address}/override`, { reason }));
    onDone();
  };

  const stuck =
    part.mayOverride && gate.conditions.some(({ state }) => state === "waiting" || state === "failed");
  const nothing = !part.mayApprove && !part.mayRefuse && !part.mayWithdraw && !stuck;
  return (
    <div class="decision" ref={place} tabIndex={-1}>
      {part.why !== undefined && <p class="flag">{t.notYou(part.why)}</p>}
      {nothing && part.why === undefined && <p class="flag">{t.notYours}</p>}
      {problem !== undefined && <Refused problem={problem} />}
      {part.mayApprove && (
        <>
          <label for="comment">{t.commentOptional}</label>
          <textarea
            id="comment"
            rows={2}
            maxLength={2000}
            value={comment}
            onInput={({ currentTarget }) => setComment(currentTarget.value)}
          />
        </>
      )}
      <div class="actions">
        {part.mayApprove && (
          <button
            type="button"
            class="button"
            data-tone="strong"
            data-key="a"
            aria-disabled={busy || !ready}
            onClick={() => void act("approve")}
          >
            <Icon name="check" /> {t.approve}
          </button>
        )}
        {part.mayWithdraw && (
          <button type="button" class="button" aria-disabled={busy} onClick={() => void act("withdraw")}>
            <Icon name="back" /> {t.withdraw}
          </button>
        )}
        {part.mayRefuse && (
          <button type="button" class="button" onClick={() => setRefusing(true)}>
            <Icon name="cross" /> {t.refuse}
          </button>
        )}
        {stuck && (
          <button type="button" class="button" onClick={() => setBeginning(true)}>
            <Icon name="arrow" /> {t.override}
          </button>
        )}
      </div>
      {beginning && (
        <Ask
          title={t.overrideTitle(run, stage)}
          act={t.override}
          tone="bad"
          reason="required"
          onAct={begin}
          onClose={() => setBeginning(false)}
        >
          <p>{t.overrideHint}</p>
        </Ask>
      )}
      {refusing && (
        <Ask
          title={t.refuseTitle(run, stage)}
          act={t.refuse}
          tone="bad"
          reason="required"
          onAct={(reason) => send("refuse", reason)}
          onClose={() => setRefusing(false)}
        >
          <p>{t.refuseHint}</p>
        </Ask>
      )}
    </div>
  );
}

function Refused({ problem }: { readonly problem: unknown }) {
  const { t } = useConsole();
  if (!(problem instanceof ApiError) || problem.changed.length === 0)
    return <Notice tone="bad">{sentenceOf(problem)}</Notice>;
  return (
    <Notice tone="bad">
      {t.changedSince}
      <ul>
        {problem.changed.map((one) => (
          <li key={one}>
            <Foreign text={one} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}
