import type { InboxAnswer, InboxApproval, InboxHold } from "../../shared/pipeline/api-views.ts";
import { personName, shortRef } from "../format/names.ts";
import { runAddress } from "../model/route.ts";
import { Commit, Foreign, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import type { Live } from "./live.ts";
import { Page } from "./page.tsx";
import { ReleaseHold } from "./release-hold.tsx";

/** Everything that waits for the person who looks. */
export function InboxPage({ live }: { readonly live: Live<InboxAnswer> }) {
  const { t } = useConsole();
  const items = live.value?.items ?? [];
  return (
    <Page title={t.inbox} live={live}>
      {live.value !== undefined && items.length === 0 && (
        <div class="calm">
          <p>{t.nothingWaits}</p>
          <p class="quiet">{t.nothingWaitsHint}</p>
        </div>
      )}
      <ul class="inbox">
        {items.map((item) => (
          <li key={`${item.type} ${item.run} ${item.stage}`}>
            {item.type === "approval" ? (
              <ApprovalItem item={item} />
            ) : (
              <HoldItem item={item} onReleased={live.refresh} />
            )}
          </li>
        ))}
      </ul>
    </Page>
  );
}

function ApprovalItem({ item }: { readonly item: InboxApproval }) {
  const { t } = useConsole();
  const { gate } = item;
  return (
    <article class="item" data-tone={item.barred === undefined ? "waits" : "quiet"}>
      <h2>
        <a href={`${runAddress(item.run)}#${item.stage}`} data-item>
          {t.releaseTo(item.run, item.stage)}
        </a>
      </h2>
      <p>
        <Commit commit={item.commit} /> <Foreign text={shortRef(item.ref)} />
        {item.author !== undefined && (
          <>
            {" "}
            {t.by} <Foreign text={personName(item.author)} />
          </>
        )}
        {" · "}
        {t.asked} <When at={item.since} />
        {" · "}
        {t.until} <When at={gate.expiresAt} />
      </p>
      <Dots given={gate.approvals} required={gate.required} />
      {item.barred !== undefined && <p class="quiet">{t.notYou(item.barred)}</p>}
      <a
        class="button"
        data-tone={item.barred === undefined ? "strong" : undefined}
        href={`${runAddress(item.run)}#${item.stage}`}
        aria-label={`${t.review} ${item.run}`}
      >
        {t.review}
      </a>
    </article>
  );
}

/** How many have approved, out of how many. */
export function Dots({ given, required }: { readonly given: readonly string[]; readonly required: number }) {
  const { t } = useConsole();
  return (
    <p class="dots">
      <span aria-hidden="true">
        {Array.from({ length: Math.max(required, given.length) }, (_, index) => (
          <i key={index} data-given={index < given.length} />
        ))}
      </span>{" "}
      {t.approvals(given.length, required)}
      {given.length > 0 && (
        <>
          {": "}
          <Foreign text={given.map(personName).join(", ")} />
        </>
      )}
    </p>
  );
}

function HoldItem({ item, onReleased }: { readonly item: InboxHold; readonly onReleased: () => void }) {
  const { t } = useConsole();
  return (
    <article class="item" data-tone="bad">
      <h2>
        <a href={runAddress(item.run)} data-item>
          {t.stageIsHeld(item.pipeline, item.stage)}
        </a>
      </h2>
      <p>
        <Foreign text={item.reason} /> (<a href={runAddress(item.run)}>{item.run}</a>)
      </p>
      <ReleaseHold pipeline={item.pipeline} stage={item.stage} onDone={onReleased} />
    </article>
  );
}
