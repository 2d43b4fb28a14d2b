import { useState } from "preact/hooks";
import type { PipelineStageView } from "../../shared/pipeline/api-views.ts";
import { type Shares, sharesOf, togetherOf } from "../model/weights.ts";
import { isWeights } from "../net/guards.ts";
import { Ask } from "../parts/ask.tsx";
import { Icon } from "../parts/icons.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";

interface MovesProps {
  /** The stage's, below `/api`. */
  readonly address: string;
  readonly stage: PipelineStageView;
  readonly onDone: () => void;
}

/** Other weights for each service of a stage that has all its architectures. */
export function MoveWeights({ address, stage, onDone }: MovesProps) {
  const without = stage.quarantined ?? [];
  const isFree = (one: { readonly cluster: string; readonly service: string }) =>
    !without.some(({ cluster, service }) => cluster === one.cluster && service === one.service);
  const services = stage.services.filter(isFree);
  if (services.length === 0) return null;
  return (
    <div class="actions stage-moves">
      {services.map(({ cluster, service }) => (
        <MoveService
          key={`${cluster}/${service}`}
          address={address}
          stage={stage.name}
          cluster={cluster}
          service={service}
          several={stage.services.length > 1}
          onDone={onDone}
        />
      ))}
    </div>
  );
}

/** Every service of the stage gets back what was taken out. */
export function LiftQuarantine({ address, stage, onDone }: MovesProps) {
  const { t, api, say } = useConsole();
  const without = stage.quarantined ?? [];
  const architectures = [...new Set(without.map(({ architecture }) => architecture))].join(", ");
  // The same wish again, e.g. after a lost reply, is done once.
  const [wish, setWish] = useState<string>();
  const act = async (reason: string) => {
    say(await api.post(`${address}/unquarantine`, { reason, id: wish }));
    onDone();
  };
  return (
    <>
      <button type="button" class="button" onClick={() => setWish(crypto.randomUUID())}>
        {t.lift}
      </button>
      {wish !== undefined && (
        <Ask
          title={t.liftTitle(stage.name, architectures)}
          act={t.lift}
          reason="required"
          onAct={act}
          onClose={() => setWish(undefined)}
        >
          <p>{t.liftHint}</p>
        </Ask>
      )}
    </>
  );
}

interface WeightsProps {
  readonly address: string;
  readonly stage: string;
  readonly cluster: string;
  readonly service: string;
  /** The stage has other services, too: the button says which one it is. */
  readonly several: boolean;
  readonly onDone: () => void;
}

function MoveService(props: WeightsProps) {
  const { t } = useConsole();
  const [wish, setWish] = useState<string>();
  return (
    <>
      <button type="button" class="button" onClick={() => setWish(crypto.randomUUID())}>
        <Icon name="arrow" /> {t.moveWeights}
        {props.several && `: ${props.service}`}
      </button>
      {wish !== undefined && <WeightsDialog {...props} wish={wish} onClose={() => setWish(undefined)} />}
    </>
  );
}

/** How the tasks are shared out now is asked of ECS when somebody wants to change it. */
function WeightsDialog({
  address,
  stage,
  cluster,
  service,
  wish,
  onDone,
  onClose,
}: WeightsProps & { readonly wish: string; readonly onClose: () => void }) {
  const { t, api, say } = useConsole();
  const live = useLive(`${address}/weights`, isWeights);
  const found = live.value?.services.find((one) => one.cluster === cluster && one.service === service);
  const now = sharesOf(found?.capacity);
  const [chosen, setChosen] = useState<Shares>({});
  const [steps, setSteps] = useState(1);
  const [bakeMinutes, setBakeMinutes] = useState(0);
  const to = { ...now, ...chosen };
  const act = async () => {
    say(await api.post(`${address}/shift`, { cluster, service, to, steps, bakeMinutes, id: wish }));
    onDone();
  };
  return (
    <Ask
      title={t.moveWeightsTitle(stage, service)}
      act={t.moveWeights}
      reason="none"
      ready={togetherOf(to) === 100}
      onAct={act}
      onClose={onClose}
    >
      <p>{t.moveWeightsHint}</p>
      {live.error !== undefined && <p class="quiet">{live.error.message}</p>}
      {live.value === undefined && live.error === undefined && <p class="empty">{t.loading}</p>}
      {live.value !== undefined && Object.keys(now).length === 0 && <p>{t.noWeights}</p>}
      {found?.capacity !== undefined && (
        <Fields
          shares={to}
          steps={steps}
          bakeMinutes={bakeMinutes}
          onShare={(provider, share) => setChosen({ ...to, [provider]: share })}
          onSteps={setSteps}
          onBake={setBakeMinutes}
        />
      )}
    </Ask>
  );
}

function Fields({
  shares,
  steps,
  bakeMinutes,
  onShare,
  onSteps,
  onBake,
}: {
  readonly shares: Shares;
  readonly steps: number;
  readonly bakeMinutes: number;
  readonly onShare: (provider: string, share: number) => void;
  readonly onSteps: (steps: number) => void;
  readonly onBake: (minutes: number) => void;
}) {
  const { t } = useConsole();
  const together = togetherOf(shares);
  return (
    <div class="numbers">
      {Object.entries(shares).map(([provider, share]) => (
        <NumberField
          key={provider}
          label={t.shareOf(provider)}
          value={share}
          most={100}
          onChange={(next) => onShare(provider, next)}
        />
      ))}
      {together !== 100 && (
        <p class="flag" role="status">
          {t.sharesTogether(together)}
        </p>
      )}
      <NumberField label={t.steps} value={steps} least={1} most={20} onChange={onSteps} />
      {steps > 1 && <NumberField label={t.bakeMinutes} value={bakeMinutes} most={1440} onChange={onBake} />}
    </div>
  );
}

function NumberField({
  label,
  value,
  least = 0,
  most,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly least?: number;
  readonly most: number;
  readonly onChange: (value: number) => void;
}) {
  return (
    <label class="number-field">
      <span>{label}</span>
      <input
        type="number"
        inputMode="numeric"
        required
        min={least}
        max={most}
        step={1}
        value={value}
        onInput={({ currentTarget }) => {
          // An emptied field is no number yet: the form says so when it is sent.
          if (Number.isInteger(currentTarget.valueAsNumber)) onChange(currentTarget.valueAsNumber);
        }}
      />
    </label>
  );
}
