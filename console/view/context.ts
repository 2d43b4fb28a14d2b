import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { MeView } from "../../shared/pipeline/api-views.ts";
import type { Api } from "../net/api.ts";
import type { Text } from "../text/text.ts";

/** What every part of the page is handed. */
export interface Console {
  readonly api: Api;
  readonly me: MeView;
  readonly t: Text;
  /** BCP 47, for numbers and times. */
  readonly locale: string;
  readonly go: (address: string) => void;
  /** Says aloud, and shows for a while, what has been done. */
  readonly say: (message: string) => void;
}

const ConsoleContext = createContext<Console | undefined>(undefined);

export const ConsoleProvider = ConsoleContext.Provider;

export function useConsole(): Console {
  const found = useContext(ConsoleContext);
  if (found === undefined) throw new Error("this part stands outside of the console");
  return found;
}
