import type { RolloutView, ServiceRollout } from "../../shared/pipeline/rollout-view.ts";
import type { ServiceView } from "../../shared/pipeline/service-view.ts";
import type { RunView, StageView } from "../../shared/pipeline/view.ts";
import { personName, shortTaskDefinition } from "../format/names.ts";
import { stageStatus } from "../model/run-state.ts";
import { isRollout } from "../net/guards.ts";
import { Digest, Foreign, Status, toneOf, When } from "../parts/small.tsx";
import { Squares } from "../parts/squares.tsx";
import { Conditions } from "./conditions.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { ServiceState } from "./service-state.tsx";

/** Each stage with its gate, its tasks and its verdict. */
export function StagesSection({ run, refresh }: { readonly run: RunView; readonly refresh: () => void }) {
  const { t } = useConsole();
  if (run.stages.length === 0) return null;
  return (
    <section aria-labelledby="stages">
      <h2 id="stages">{t.stages}</h2>
      {run.stages.map((stage) => (
        <StagePanel key={stage.name} run={run.id} stage={stage} refresh={refresh} />
      ))}
    </section>
  );
}

function StagePanel({
  run,
  stage,
  refresh,
}: {
  readonly run: string;
  readonly stage: StageView;
  readonly refresh: () => void;
}) {
  const rolling = stage.status === "deploying";
  const address = `/runs/${encodeURIComponent(run)}/stages/${encodeURIComponent(stage.name)}/rollout`;
  const rollout = useLive(rolling ? address : undefined, isRollout, () => "fast");
  return (
    <article class="stage" id={`stage-${stage.name}`} data-tone={toneOf(stageStatus(stage))}>
      <header>
        <h3>{stage.name}</h3>
        <Status status={stageStatus(stage)} />
        {rolling && rollout.error !== undefined && rollout.error.status !== 404 && (
          <button type="button" class="link" onClick={refresh}>
            {rollout.error.message}
          </button>
        )}
      </header>
      {stage.reason !== undefined && (
        <p class="flag" data-tone="bad">
          <Foreign text={stage.reason} />
        </p>
      )}
      <GateLines stage={stage} />
      <ul class="services">
        {stage.services.map((service) => (
          <li key={`${service.cluster}/${service.service}`}>
            <ServiceLine service={service} rollout={rolloutOf(rollout.value, service)} />
          </li>
        ))}
      </ul>
    </article>
  );
}

function rolloutOf(rollout: RolloutView | undefined, service: ServiceView): ServiceRollout | undefined {
  return rollout?.services.find((one) => one.cluster === service.cluster && one.service === service.service);
}

function GateLines({ stage }: { readonly stage: StageView }) {
  const { t } = useConsole();
  const { gate } = stage;
  if (gate === undefined) return null;
  return (
    <>
      <Conditions gate={gate} />
      <ul class="gate">
        {(gate.approvals ?? []).map(({ person, at, comment }) => (
          <li key={person} data-state="met">
            {t.approvedBy} <Foreign text={personName(person)} />{" "}
            <span class="quiet">
              <When at={at} />
            </span>
            {comment !== undefined && (
              <q>
                <Foreign text={comment} />
              </q>
            )}
          </li>
        ))}
        {gate.voided.map((why) => (
          <li key={why} data-state="failed">
            {t.voided} <Foreign text={why} />
          </li>
        ))}
      </ul>
    </>
  );
}

function ServiceLine({
  service,
  rollout,
}: {
  readonly service: ServiceView;
  readonly rollout: ServiceRollout | undefined;
}) {
  const { t } = useConsole();
  const settled = Object.entries(service.tasks ?? {}).map(([architecture, running]) => ({
    architecture,
    side: "new" as const,
    running,
    pending: 0,
  }));
  const groups = rollout?.groups ?? settled;
  return (
    <>
      <p class="facts">
        <b>
          {service.cluster}/{service.service}
        </b>
        <Status status={service.status} />
        {service.taskDefinition !== undefined && <code>{shortTaskDefinition(service.taskDefinition)}</code>}
        {service.imageDigest !== undefined && <Digest digest={service.imageDigest} />}
        {rollout?.simulated === true && <span class="tag">{t.simulated}</span>}
      </p>
      {service.reason !== undefined && (
        <p class="flag" data-tone="bad">
          <Foreign text={service.reason} />
        </p>
      )}
      {groups.length > 0 && <Squares groups={groups} />}
      <ServiceState service={service} />
    </>
  );
}
