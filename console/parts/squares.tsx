import type { TaskGroup } from "../../shared/pipeline/rollout-view.ts";
import { architectureOf, inOrder } from "../format/names.ts";
import { useConsole } from "../view/context.ts";

/** More tasks than these are drawn as a bar to scale. */
const MOST = 48;

/** The tasks of a service by architecture, the old release's and the new one's. */
export function Squares({ groups }: { readonly groups: readonly TaskGroup[] }) {
  const names = inOrder(groups.map(({ architecture }) => architecture));
  return (
    <div class="squares">
      {names.map((name) => (
        <ArchitectureRow
          key={name}
          name={name}
          groups={groups.filter(({ architecture }) => architecture === name)}
        />
      ))}
    </div>
  );
}

function ArchitectureRow({ name, groups }: { readonly name: string; readonly groups: readonly TaskGroup[] }) {
  const { t } = useConsole();
  const sum = (side: string, state: "running" | "pending") =>
    groups.filter((group) => group.side === side).reduce((total, group) => total + group[state], 0);
  const cells = [
    { kind: "new", count: sum("new", "running") },
    { kind: "starting", count: sum("new", "pending") },
    { kind: "old", count: sum("old", "running") + sum("old", "pending") },
  ];
  const total = cells.reduce((all, { count }) => all + count, 0);
  const stopped = groups.find(({ side, stopReason }) => side === "new" && stopReason !== undefined);
  const moving = groups.some(({ side }) => side === "old") || (cells[1]?.count ?? 0) > 0;
  const said = moving
    ? t.tasksSaid(cells[0]?.count ?? 0, cells[1]?.count ?? 0, cells[2]?.count ?? 0)
    : t.tasks(cells[0]?.count ?? 0);
  return (
    <div class="squares-row" data-arch={architectureOf(name)}>
      <span class="arch" data-arch={architectureOf(name)}>
        {name}
      </span>
      {total > MOST ? (
        <span class="squares-bar" aria-hidden="true">
          {cells.map(({ kind, count }) => (
            <i key={kind} data-kind={kind} style={{ flexGrow: count }} />
          ))}
        </span>
      ) : (
        <span class="squares-cells" aria-hidden="true">
          {cells.flatMap(({ kind, count }) =>
            Array.from({ length: count }, (_, index) => <i key={`${kind}${index}`} data-kind={kind} />),
          )}
        </span>
      )}
      <span class="squares-said">{said}</span>
      {stopped?.stopReason !== undefined && <span class="squares-why">{stopped.stopReason}</span>}
    </div>
  );
}
