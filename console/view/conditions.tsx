import type { GateView } from "../../shared/pipeline/view.ts";
import { personName } from "../format/names.ts";
import { Foreign, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** A gate's window and checks, and whether somebody has set them aside. */
export function Conditions({ gate }: { readonly gate: GateView }) {
  const { t } = useConsole();
  const { conditions, override } = gate;
  if (conditions.length === 0 && override === undefined) return null;
  return (
    <ul class="gate">
      {conditions.map(({ name, state, why, until }) => (
        <li key={name} data-state={state}>
          {name} <span class="unseen">{t.condition(state)}</span>
          <span class="quiet">
            <Foreign text={why ?? ""} />
            {until !== undefined && (
              <>
                {", "}
                {t.opens} <When at={until} />
              </>
            )}
          </span>
        </li>
      ))}
      {override !== undefined && (
        <li data-state="overridden">
          {t.overriddenBy} <Foreign text={personName(override.person)} /> <When at={override.at} />:{" "}
          <q>
            <Foreign text={override.reason} />
          </q>
        </li>
      )}
    </ul>
  );
}
