import type {
  ClusterServiceView,
  ClusterView,
  HostView,
  TaskView,
} from "../../shared/pipeline/cluster-view.ts";
import { architectureOf, inOrder, plain, shortTaskDefinition } from "../format/names.ts";
import { isClusters } from "../net/guards.ts";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { Page } from "./page.tsx";

/** Hosts and tasks by architecture, of every cluster that a pipeline deploys to. */
export function ClustersPage() {
  const { t } = useConsole();
  const live = useLive("/clusters", isClusters, ({ clusters }) =>
    clusters.some(isRolling) ? "fast" : "slow",
  );
  const clusters = live.value?.clusters ?? [];
  return (
    <Page title={t.clusters} live={live}>
      {live.value !== undefined && clusters.length === 0 && <p class="empty">{t.noClusters}</p>}
      {clusters.map((cluster) => (
        <Cluster key={cluster.name} cluster={cluster} />
      ))}
    </Page>
  );
}

/** Two task definitions of one service at once, or tasks on their way. */
function isRolling({ services }: ClusterView): boolean {
  return services.some(
    ({ tasks }) =>
      new Set(tasks.map(({ taskDefinition }) => taskDefinition)).size > 1 ||
      tasks.some(({ status }) => status !== "RUNNING" && status !== "STOPPED"),
  );
}

function Cluster({ cluster }: { readonly cluster: ClusterView }) {
  const { t } = useConsole();
  const tasks = cluster.services.flatMap(({ name, tasks: own }) =>
    own.map((task) => ({ ...task, service: name })),
  );
  const architectures = inOrder([...cluster.hosts, ...tasks].map(({ architecture }) => architecture));
  return (
    <section class="cluster" aria-labelledby={`cluster-${cluster.name}`}>
      <h2 id={`cluster-${cluster.name}`}>
        {cluster.name} {cluster.simulated === true && <span class="tag">{t.simulated}</span>}{" "}
        <span class="quiet">{(cluster.stages ?? []).join(", ")}</span>
      </h2>
      <div class="columns">
        {architectures.map((architecture) => (
          <div key={architecture} class="half" data-arch={architectureOf(architecture)}>
            <h3>
              <span class="arch" data-arch={architectureOf(architecture)}>
                {architecture}
              </span>{" "}
              <span class="quiet">
                {t.hostsAndTasks(
                  cluster.hosts.filter((host) => host.architecture === architecture).length,
                  tasks.filter((task) => task.architecture === architecture).length,
                )}
              </span>
            </h3>
            <Hosts
              hosts={cluster.hosts.filter((host) => host.architecture === architecture)}
              tasks={tasks.filter((task) => task.architecture === architecture)}
              services={cluster.services}
            />
          </div>
        ))}
      </div>
    </section>
  );
}

interface Placed extends TaskView {
  readonly service: string;
}

function Hosts({
  hosts,
  tasks,
  services,
}: {
  readonly hosts: readonly HostView[];
  readonly tasks: readonly Placed[];
  readonly services: readonly ClusterServiceView[];
}) {
  const { t } = useConsole();
  const known = new Set(hosts.map(({ id }) => id));
  const elsewhere = tasks.filter(({ host }) => host === undefined || !known.has(host));
  return (
    <ul class="hosts">
      {hosts.map((host) => (
        <li key={host.id} class="host" data-status={host.status} data-connected={host.connected !== false}>
          <p>
            <code>{host.id.slice(0, 12)}</code>{" "}
            <span class="quiet">
              {[host.instanceType, host.capacityProvider].filter(Boolean).join(" · ")}
              {host.status !== "ACTIVE" && ` · ${host.status.toLowerCase()}`}
              {host.connected === false && ` · ${t.disconnected}`}
            </span>
          </p>
          <Tasks tasks={tasks.filter((task) => task.host === host.id)} services={services} />
        </li>
      ))}
      {elsewhere.length > 0 && (
        <li class="host">
          <p class="quiet">{t.withoutHost}</p>
          <Tasks tasks={elsewhere} services={services} />
        </li>
      )}
    </ul>
  );
}

function Tasks({
  tasks,
  services,
}: {
  readonly tasks: readonly Placed[];
  readonly services: readonly ClusterServiceView[];
}) {
  const { t } = useConsole();
  const rows = services.flatMap(({ name }) => {
    const own = tasks.filter(({ service }) => service === name);
    return own.length === 0 ? [] : [{ name, own }];
  });
  if (rows.length === 0) return <p class="quiet">{t.noTasks}</p>;
  return (
    <ul class="placed">
      {rows.map(({ name, own }) => (
        <li key={name}>
          <span>{name}</span>
          {[...new Set(own.map(({ taskDefinition }) => taskDefinition))].sort().map((revision) => (
            <Revision
              key={revision}
              revision={revision}
              tasks={own.filter((task) => task.taskDefinition === revision)}
            />
          ))}
        </li>
      ))}
    </ul>
  );
}

function Revision({ revision, tasks }: { readonly revision: string; readonly tasks: readonly Placed[] }) {
  const sequence = tasks[0]?.sequence;
  const states = [...new Set(tasks.map(({ status }) => status))];
  return (
    <span class="revision">
      <span class="squares-cells" aria-hidden="true">
        {tasks.map(({ id, status, stopReason }) => (
          <i
            key={id}
            data-kind={status === "RUNNING" ? "new" : "starting"}
            title={plain(stopReason ?? status)}
          />
        ))}
      </span>
      <span class="quiet">
        {tasks.length} × {sequence === undefined ? shortTaskDefinition(revision) : `#${sequence}`}
        {states.some((state) => state !== "RUNNING") && ` ${states.join(", ").toLowerCase()}`}
      </span>
    </span>
  );
}
