import type { ComponentChildren } from "preact";
import type { Route } from "../model/route.ts";
import { Icon } from "../parts/icons.tsx";
import { Foreign } from "../parts/small.tsx";
import type { Language } from "../text/language.ts";
import { useConsole } from "./context.ts";

export interface ShellProps {
  readonly route: Route;
  /** How many things wait for the person. */
  readonly waiting: number;
  readonly dark: boolean;
  readonly language: Language;
  readonly onTheme: () => void;
  readonly onLanguage: (language: Language) => void;
  readonly onSearch: (query: string) => void;
  readonly onSignOut: () => void;
  readonly children: ComponentChildren;
}

/** What stands around every page. */
export function Shell({ route, waiting, children, ...rest }: ShellProps) {
  const { t } = useConsole();
  const links = [
    { page: "inbox", address: "/console/inbox", name: t.inbox },
    { page: "pipelines", address: "/console/", name: t.pipelines },
    { page: "runs", address: "/console/runs", name: t.runs },
    { page: "clusters", address: "/console/clusters", name: t.clusters },
    { page: "record", address: "/console/record", name: t.record },
  ];
  const here = { pipeline: "pipelines", run: "runs" }[route.page as string] ?? route.page;
  return (
    <>
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <header class="top">
        <a class="mark" href="/console/">
          Tandem
        </a>
        <nav>
          {links.map(({ page, address, name }) => (
            <a key={page} href={address} aria-current={page === here ? "page" : undefined}>
              {name}
              {page === "inbox" && waiting > 0 && (
                <b class="count">
                  {waiting}
                  <span class="unseen"> {t.waiting(waiting)}</span>
                </b>
              )}
            </a>
          ))}
        </nav>
        <Tools route={route} {...rest} />
      </header>
      {children}
    </>
  );
}

/** Each language by its own name. */
const TONGUES: Readonly<Record<Language, string>> = { en: "English", ja: "日本語" };

function Tools({
  route,
  dark,
  language,
  onTheme,
  onLanguage,
  onSearch,
  onSignOut,
}: Omit<ShellProps, "waiting" | "children">) {
  const { t, me } = useConsole();
  const other = language === "en" ? "ja" : "en";
  const query = route.page === "runs" ? route.filter.query : route.page === "pipelines" ? route.query : "";
  return (
    <div class="tools">
      <search>
        <label>
          <span class="unseen">{t.search}</span>
          <Icon name="search" />
          <input
            id="search"
            aria-keyshortcuts="/"
            type="search"
            placeholder={t.search}
            autocomplete="off"
            spellcheck={false}
            value={query}
            onInput={({ currentTarget }) => onSearch(currentTarget.value)}
          />
        </label>
      </search>
      <button
        type="button"
        class="plain tongue"
        lang={other}
        onClick={() => onLanguage(other)}
        title={t.language}
      >
        {TONGUES[other]}
      </button>
      <button type="button" class="plain" onClick={onTheme} aria-label={dark ? t.light : t.dark}>
        <Icon name={dark ? "sun" : "moon"} />
      </button>
      <span class="me" title={`${me.identity} · ${me.groups.join(", ")}`}>
        <Foreign text={me.person} />
      </span>
      <button type="button" class="plain" onClick={onSignOut} aria-label={t.signOut}>
        <Icon name="out" />
      </button>
    </div>
  );
}
