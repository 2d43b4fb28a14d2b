import { AwsError, type LocalContext } from "../service.ts";

/** Whom a topic delivers to; here, nobody: an address is told nothing by an emulator. */
export interface Subscription {
  readonly arn: string;
  readonly protocol: string;
  readonly endpoint: string;
}

/** What somebody has published. */
export interface Published {
  readonly messageId: string;
  readonly topicArn: string;
  /** ISO 8601. */
  readonly at: string;
  readonly subject?: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Who would get it on AWS, `PROTOCOL ENDPOINT`. */
  readonly to: readonly string[];
}

/** So many messages are kept. */
const KEPT = 1_000;

/** The topics of this endpoint. */
export class Topics {
  readonly #context: Pick<LocalContext, "accountId" | "region" | "now">;
  readonly #subscriptions = new Map<string, Map<string, Subscription>>();
  #published: readonly Published[] = [];

  constructor(context: Pick<LocalContext, "accountId" | "region" | "now">) {
    this.#context = context;
  }

  get published(): readonly Published[] {
    return this.#published;
  }

  /** Makes a topic, or finds it. */
  add(name: string): string {
    const { region, accountId } = this.#context;
    const arn = `arn:aws:sns:${region}:${accountId}:${name}`;
    if (!this.#subscriptions.has(arn)) this.#subscriptions.set(arn, new Map());
    return arn;
  }

  list(): readonly string[] {
    return [...this.#subscriptions.keys()].sort();
  }

  subscribe(topicArn: string, subscription: Subscription): void {
    this.#of(topicArn).set(subscription.arn, subscription);
  }

  /** @throws AwsError NotFound */
  subscriptions(topicArn: string): readonly Subscription[] {
    return [...this.#of(topicArn).values()];
  }

  publish(message: Omit<Published, "at" | "to">): void {
    const to = this.subscriptions(message.topicArn).map(
      ({ protocol, endpoint }) => `${protocol} ${endpoint}`,
    );
    const at = new Date(this.#context.now()).toISOString();
    this.#published = [...this.#published, { ...message, at, to }].slice(-KEPT);
  }

  #of(topicArn: string): Map<string, Subscription> {
    const found = this.#subscriptions.get(topicArn);
    if (found === undefined) throw new AwsError("NotFound", "Topic does not exist", 404);
    return found;
  }
}
