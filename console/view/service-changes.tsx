import type { ServiceView } from "../../shared/pipeline/service-view.ts";
import { architectureOf, plain } from "../format/names.ts";
import { apart, type Change, changesOf } from "../model/changes.ts";
import { Icon } from "../parts/icons.tsx";
import { Foreign } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** What a stage's services would be changed to, what they run on, and whether there is a way back. */
export function ServiceChanges({ services }: { readonly services: readonly ServiceView[] }) {
  return (
    <>
      {services.map((service) => (
        <OneService key={`${service.cluster}/${service.service}`} service={service} />
      ))}
      <Readiness services={services} />
    </>
  );
}

function OneService({ service }: { readonly service: ServiceView }) {
  const { t } = useConsole();
  const changes = changesOf(service);
  return (
    <div>
      <h3>
        {t.taskDefinition}{" "}
        <span class="quiet">
          {service.cluster}/{service.service}
        </span>
      </h3>
      {changes.length === 0 ? (
        <p class="quiet">{t.noChange}</p>
      ) : (
        <dl class="diff">
          {changes.map((change) => (
            <ChangeLine key={change.path} change={change} />
          ))}
        </dl>
      )}
      <Hosts hosts={service.hosts} />
      {(service.notes ?? []).map((note) => (
        <p class="quiet" key={note}>
          <Foreign text={note} />
        </p>
      ))}
    </div>
  );
}

function ChangeLine({ change }: { readonly change: Change }) {
  const { t } = useConsole();
  const { path, from, to } = change;
  const { before, after } = apart(from ?? "", to ?? "");
  return (
    <>
      <dt>{plain(path)}</dt>
      {from !== undefined && (
        <dd data-kind="removed">
          <span class="unseen">{t.old}</span>
          <Differing text={from} before={before} after={after} />
        </dd>
      )}
      {to !== undefined && (
        <dd data-kind="added">
          <span class="unseen">{t.fresh}</span>
          <Differing text={to} before={before} after={after} />
        </dd>
      )}
    </>
  );
}

/** A value with what differs from its counterpart marked. */
function Differing({
  text,
  before,
  after,
}: {
  readonly text: string;
  readonly before: string;
  readonly after: string;
}) {
  return (
    <>
      {plain(before)}
      <mark>{plain(text.slice(before.length, text.length - after.length))}</mark>
      {plain(after)}
    </>
  );
}

function Hosts({ hosts }: { readonly hosts: ServiceView["hosts"] }) {
  const { t } = useConsole();
  const entries = Object.entries(hosts ?? {});
  if (entries.length === 0) return null;
  return (
    <p class="facts">
      <span class="quiet">{t.runsOn}</span>
      {entries.map(([architecture, providers]) => (
        <span key={architecture}>
          <span class="arch" data-arch={architectureOf(architecture)}>
            {architecture}
          </span>{" "}
          <span class="quiet">{(providers ?? []).join(", ")}</span>
        </span>
      ))}
    </p>
  );
}

/** Nothing is said where nobody has rehearsed. */
function Readiness({ services }: { readonly services: readonly ServiceView[] }) {
  const { t } = useConsole();
  const rehearsed = services.flatMap(({ rollbackProblems }) =>
    rollbackProblems === undefined ? [] : [rollbackProblems],
  );
  if (rehearsed.length === 0) return null;
  const problems = rehearsed.flat();
  return (
    <p class="flag" data-tone={problems.length === 0 ? "good" : "bad"}>
      <Icon name={problems.length === 0 ? "check" : "cross"} />{" "}
      {problems.length === 0 ? t.rollbackReady : t.rollbackNotReady} <Foreign text={problems.join(" · ")} />
    </p>
  );
}
