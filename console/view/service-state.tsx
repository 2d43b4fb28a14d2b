import type { ServiceView } from "../../shared/pipeline/service-view.ts";
import type { ArchitectureVerdict } from "../../shared/pipeline/verdict.ts";
import { architectureOf, personName, plain } from "../format/names.ts";
import { Foreign, Status, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** How far a deployment is, and what became of it on each architecture. */
export function ServiceState({ service }: { readonly service: ServiceView }) {
  const { t } = useConsole();
  const { step, bakesUntil, pause, quarantine, back, oneOffTasks = [], verdict = [] } = service;
  return (
    <>
      {step !== undefined && <p class="quiet">{t.step(step.done, step.of)}</p>}
      {bakesUntil !== undefined && (
        <p class="quiet">
          {t.bakes} <When at={bakesUntil} />
        </p>
      )}
      {pause !== undefined && (
        <p class="flag" data-tone={pause.open ? "waits" : "quiet"}>
          {t.pausedAt(pause.lifecycleStage)} <Foreign text={pause.approvals.map(personName).join(", ")} />
        </p>
      )}
      {verdict.map((one) => (
        <VerdictLine key={one.architecture} verdict={one} />
      ))}
      {quarantine !== undefined && (
        <p class="flag" data-tone="bad">
          {t.quarantined(quarantine.architecture, quarantine.providers.join(", "))}{" "}
          <Foreign text={quarantine.reason} />
        </p>
      )}
      {back !== undefined && (
        <p class="flag" data-tone="bad">
          {t.goesBackNow} <Status status={back.status} /> <Foreign text={back.reason ?? ""} />
        </p>
      )}
      {oneOffTasks.map(({ run, when, status, reason, log = [] }) => (
        <details key={`${when} ${run}`} open={status === "failed"}>
          <summary>
            {t.oneOff(run, when)} <Status status={status} /> <Foreign text={reason ?? ""} />
          </summary>
          {log.length > 0 && <pre class="lines">{log.map(plain).join("\n")}</pre>}
        </details>
      ))}
    </>
  );
}

/** "arm64 0/2: exit 255 (exec format error) × 6" */
function VerdictLine({ verdict }: { readonly verdict: ArchitectureVerdict }) {
  const { architecture, running, wanted, failures } = verdict;
  return (
    <p class="verdict" data-good={running >= wanted}>
      <span class="arch" data-arch={architectureOf(architecture)}>
        {architecture}
      </span>{" "}
      <b class="number">
        {running}/{wanted}
      </b>{" "}
      {failures.map(({ container, exitCode, reason, count }) => (
        <span key={`${container} ${exitCode} ${reason}`}>
          {container !== undefined && `${plain(container)}: `}
          {exitCode !== undefined && `exit ${exitCode} · `}
          <Foreign text={reason} />
          {count > 1 && ` × ${count}`}{" "}
        </span>
      ))}
    </p>
  );
}
