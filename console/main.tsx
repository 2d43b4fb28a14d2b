import { render } from "preact";
import { Api, ApiError } from "./net/api.ts";
import { isMe } from "./net/guards.ts";
import { Session } from "./net/session.ts";
import { textOf } from "./text/text.ts";
import { App } from "./view/app.tsx";
import { chosenLanguage, isDark, showTheme } from "./view/settings.ts";
import { Welcome } from "./view/welcome.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
const place = root;

showTheme(isDark());
document.documentElement.lang = chosenLanguage();

const session = new Session();
const api = new Api(session);

async function start(): Promise<void> {
  try {
    const page = await session.resume();
    if (page === undefined) return welcome(undefined);
    if (location.pathname + location.search !== page) history.replaceState(null, "", page + location.hash);
    const { value: me } = await api.get("/me", isMe);
    render(<App api={api} me={me} onSignOut={() => void session.signOut()} />, place);
  } catch (error) {
    welcome(error instanceof ApiError || error instanceof Error ? error.message : String(error));
  }
}

function welcome(problem: string | undefined): void {
  const page = location.pathname === "/console/callback" ? "/console/" : undefined;
  render(
    <Welcome
      t={textOf(chosenLanguage())}
      problem={problem}
      onSignIn={() =>
        session.signIn(page).catch((error: unknown) => {
          welcome(error instanceof Error ? error.message : String(error));
        })
      }
    />,
    place,
  );
}

void start();
