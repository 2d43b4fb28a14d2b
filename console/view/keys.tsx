import { useLayoutEffect, useState } from "preact/hooks";
import { useConsole } from "./context.ts";

const PLACES: Readonly<Record<string, string>> = {
  i: "/console/inbox",
  p: "/console/",
  r: "/console/runs",
  c: "/console/clusters",
  d: "/console/record",
};
/** How long after `g` the second key counts. */
const PAIR_MS = 1500;

/** The keyboard: `g` and a letter go somewhere, `j` and `k` move along the lines, `/` searches, `?` helps. */
export function Keys() {
  const { t, go } = useConsole();
  const [help, setHelp] = useState(false);
  // Before the page is painted: no key is lost that is pressed as soon as it is there.
  useLayoutEffect(() => {
    let went = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = PLACES[event.key];
      if (place !== undefined && event.timeStamp - went < PAIR_MS) go(place);
      else if (event.key === "j" || event.key === "k") moveBy(event.key === "j" ? 1 : -1);
      else if (event.key === "/") document.getElementById("search")?.focus();
      else if (event.key === "a") document.querySelector<HTMLElement>("[data-key=a]")?.focus();
      else if (event.key === "?") setHelp(true);
      else {
        went = event.key === "g" ? event.timeStamp : 0;
        return;
      }
      went = 0;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [go]);

  if (!help) return null;
  const rows = [
    ["/", t.keySearch],
    ["j k", t.keyNext],
    ["a", t.keyApprove],
    ["g i", t.inbox],
    ["g p", t.pipelines],
    ["g r", t.runs],
    ["g c", t.clusters],
    ["g d", t.record],
    ["?", t.keyHelp],
  ];
  return (
    <dialog
      class="ask"
      aria-labelledby="keys"
      ref={(dialog) => {
        if (dialog !== null && !dialog.open) dialog.showModal();
      }}
      onClose={() => setHelp(false)}
    >
      <form method="dialog">
        <h2 id="keys">{t.keys}</h2>
        <table>
          <tbody>
            {rows.map(([keys, what]) => (
              <tr key={keys}>
                <th scope="row">
                  <kbd>{keys}</kbd>
                </th>
                <td>{what}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div class="actions">
          <button type="submit" class="button">
            {t.close}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest("input, textarea, select, dialog") !== null;
}

/** Moves the focus along the lines of a list. */
function moveBy(step: number): void {
  const items = [...document.querySelectorAll<HTMLElement>("[data-item]")];
  const at = items.findIndex((item) => item.matches(":focus"));
  const next = items[Math.max(0, Math.min(items.length - 1, at < 0 ? 0 : at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
