import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { MeView } from "../../shared/pipeline/api-views.ts";
import { type Route, routeOf, runsAddress } from "../model/route.ts";
import type { Api } from "../net/api.ts";
import { isInbox } from "../net/guards.ts";
import type { Language } from "../text/language.ts";
import { textOf } from "../text/text.ts";
import { ClustersPage } from "./clusters-page.tsx";
import { type Console, ConsoleProvider, useConsole } from "./context.ts";
import { InboxPage } from "./inbox-page.tsx";
import { Keys } from "./keys.tsx";
import { useLive } from "./live.ts";
import { Page } from "./page.tsx";
import { PipelinePage } from "./pipeline-page.tsx";
import { PipelinesPage } from "./pipelines-page.tsx";
import { RecordPage } from "./record-page.tsx";
import { RunPage } from "./run-page.tsx";
import { RunsPage } from "./runs-page.tsx";
import { chosenLanguage, isDark, keepLanguage, keepTheme } from "./settings.ts";
import { Shell } from "./shell.tsx";

/** How long a message about what has been done stays. */
const SAID_MS = 6000;

/** The console of somebody who has signed in. */
export function App({
  api,
  me,
  onSignOut,
}: {
  readonly api: Api;
  readonly me: MeView;
  readonly onSignOut: () => void;
}) {
  const [route, setRoute] = useState(hereIs);
  const [language, setLanguage] = useState<Language>(chosenLanguage);
  const [dark, setDark] = useState(isDark);
  const [said, setSaid] = useState("");

  const go = useCallback((address: string) => {
    history.pushState(null, "", address);
    setRoute(hereIs());
    if (!address.includes("#")) scrollTo(0, 0);
  }, []);
  useNavigation(setRoute, go);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);

  const value: Console = useMemo(
    () => ({ api, me, t: textOf(language), locale: language, go, say: setSaid }),
    [api, me, language, go],
  );
  const search = (query: string) => {
    const address =
      route.page === "pipelines"
        ? `/console/${query === "" ? "" : `?q=${encodeURIComponent(query)}`}`
        : runsAddress({ ...(route.page === "runs" ? route.filter : {}), query });
    history.replaceState(null, "", address);
    setRoute(hereIs());
  };
  return (
    <ConsoleProvider value={value}>
      <Frame
        route={route}
        dark={dark}
        language={language}
        onTheme={() => {
          keepTheme(!dark);
          setDark(!dark);
        }}
        onLanguage={(next) => {
          keepLanguage(next);
          setLanguage(next);
        }}
        onSearch={search}
        onSignOut={onSignOut}
      />
      <Keys />
      <p class="said" role="status" data-shown={said !== ""}>
        {said}
      </p>
    </ConsoleProvider>
  );
}

type FrameProps = Omit<Parameters<typeof Shell>[0], "waiting" | "children">;

function Frame(props: FrameProps) {
  const { route } = props;
  const inbox = useLive("/inbox", isInbox, ({ items }) => (items.length > 0 ? "fast" : "slow"));
  const waiting = (inbox.value?.items ?? []).filter(
    (item) => item.type === "hold" || item.barred === undefined,
  );
  return (
    <Shell {...props} waiting={waiting.length}>
      {route.page === "inbox" ? <InboxPage live={inbox} /> : <PageOf route={route} />}
    </Shell>
  );
}

function PageOf({ route }: { readonly route: Exclude<Route, { page: "inbox" }> | Route }) {
  const { t } = useConsole();
  switch (route.page) {
    case "pipelines":
      return <PipelinesPage query={route.query} />;
    case "pipeline":
      return <PipelinePage key={route.name} name={route.name} />;
    case "runs":
      return <RunsPage filter={route.filter} />;
    case "run":
      return <RunPage key={route.id} id={route.id} />;
    case "clusters":
      return <ClustersPage />;
    case "record":
      return <RecordPage />;
    default:
      return (
        <Page title={t.unknownPage}>
          <p>
            <a href="/console/">{t.pipelines}</a>
          </p>
        </Page>
      );
  }
}

function hereIs(): Route {
  return routeOf(location.pathname, location.search);
}

/** Links within the console change the page without loading it anew. */
function useNavigation(setRoute: (route: Route) => void, go: (address: string) => void): void {
  useEffect(() => {
    const onClick = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0;
      if (link === null || modified || event.defaultPrevented || link.target !== "") return;
      if (link.origin !== location.origin || !link.pathname.startsWith("/console/")) return;
      const samePage = link.pathname === location.pathname && link.search === location.search;
      if (samePage && link.hash !== "") return;
      event.preventDefault();
      go(link.href);
    };
    const onPop = () => setRoute(hereIs());
    document.addEventListener("click", onClick);
    addEventListener("popstate", onPop);
    return () => {
      document.removeEventListener("click", onClick);
      removeEventListener("popstate", onPop);
    };
  }, [setRoute, go]);
}
