import { type ComponentChildren, Fragment } from "preact";
import type { ScanView } from "../../shared/pipeline/card-view.ts";
import { safeLink } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

const GRAVE: ReadonlySet<string> = new Set(["CRITICAL", "HIGH"]);
const ORDER = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"];

/** The findings of an image's scan by severity, the gravest first; how many are new. */
export function ScanFacts({ scan }: { readonly scan: ScanView | undefined }) {
  const { t } = useConsole();
  if (scan === undefined) return <span class="quiet">{t.noScan}</span>;
  const found = Object.entries(scan.findings)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const link = safeLink(scan.link);
  const text: ComponentChildren = !["COMPLETE", "ACTIVE"].includes(scan.status) ? (
    <span class="quiet">{scan.status.toLowerCase().replaceAll("_", " ")}</span>
  ) : found.length === 0 ? (
    t.noFindings
  ) : (
    found.map(([severity, count]) => (
      <Fragment key={severity}>
        <span class="finding" data-grave={GRAVE.has(severity)}>
          {count} {severity.toLowerCase()}
          {(scan.added?.[severity] ?? 0) > 0 && <b> {t.newFindings(scan.added?.[severity] ?? 0)}</b>}
        </span>{" "}
      </Fragment>
    ))
  );
  return (
    <a href={link} rel="noreferrer" target="_blank">
      {text}
    </a>
  );
}
