import { DETAIL_TYPES, EVENT_SOURCE, newsDetail } from "../pipeline/news-detail.ts";
import type { Run } from "../pipeline/run.ts";
import type { Messenger, Send } from "./messenger.ts";
import { linkTo } from "./send-to-slack.ts";

/** Puts news on an event bus, for other programs. */
export function eventSender({ putEvent, consoleUrl }: Messenger, run: Run, bus: string): Send {
  return async ({ news }) => {
    if (news === undefined) return undefined;
    await putEvent({
      bus,
      source: EVENT_SOURCE,
      detailType: DETAIL_TYPES[news.type],
      detail: newsDetail(run, news, linkTo(consoleUrl, run)),
    });
    return undefined;
  };
}
