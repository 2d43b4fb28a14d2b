import { messageIdOf } from "../pipeline/news-detail.ts";
import { newsText } from "../pipeline/news-text.ts";
import type { Run } from "../pipeline/run.ts";
import type { Messenger, Send } from "./messenger.ts";
import { SendError } from "./send-error.ts";
import { linkTo } from "./send-to-slack.ts";

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html, `Subject`. */
const LONGEST_SUBJECT = 100;

/** Publishes news to a topic: e-mail addresses and whoever else subscribes to it. */
export function noticeSender({ publish, topics, consoleUrl }: Messenger, run: Run, topic: string): Send {
  return async (message) => {
    const { news } = message;
    if (news === undefined) return undefined;
    const topicArn = topic.startsWith("arn:") ? topic : topics[topic];
    if (topicArn === undefined)
      throw new SendError("final", "no-topic", `the stack has no topic "${topic}": deploy it again`);
    const { title, lines } = newsText(run, news);
    const link = linkTo(consoleUrl, run);
    const invitation =
      news.asked === undefined ? link : `Look at it, and approve or refuse it there: ${link}`;
    await publish({
      topicArn,
      subject: subjectOf(title),
      text: [title, "", ...lines, "", invitation, ""].join("\n"),
      attributes: {
        pipeline: run.definition.name,
        run: run.id,
        ...(news.stage === undefined ? {} : { stage: news.stage }),
        type: news.type,
        state: news.state,
        id: messageIdOf(run, message),
      },
    });
    return undefined;
  };
}

function subjectOf(title: string): string {
  const ascii = title.replace(/[^\x20-\x7e]/g, "?");
  return ascii.length <= LONGEST_SUBJECT ? ascii : `${ascii.slice(0, LONGEST_SUBJECT - 3)}...`;
}
