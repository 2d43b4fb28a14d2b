import type { RunView } from "../../shared/pipeline/view.ts";
import { buildsStatus, indexStatus, stageStatus } from "../model/run-state.ts";
import { Icon } from "../parts/icons.tsx";
import { Status, toneOf } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** The run's way as nodes: builds, index, stages. */
export function RunStrip({ run }: { readonly run: RunView }) {
  const { t } = useConsole();
  const steps = [
    { id: "builds", name: t.builds, status: buildsStatus(run) },
    { id: "index", name: t.index, status: indexStatus(run) },
    ...run.stages.map((stage) => ({
      id: `stage-${stage.name}`,
      name: stage.name,
      status: stageStatus(stage),
    })),
  ];
  return (
    <ol class="strip strip-run" aria-label={t.way}>
      {steps.map(({ id, name, status }) => (
        <li class="station" key={id} data-tone={toneOf(status)}>
          <span class="node" aria-hidden="true">
            {toneOf(status) === "good" && <Icon name="check" />}
            {toneOf(status) === "bad" && <Icon name="cross" />}
          </span>
          <h2>
            <a href={`#${id}`}>{name}</a>
          </h2>
          <p>
            <Status status={status} />
          </p>
        </li>
      ))}
    </ol>
  );
}
