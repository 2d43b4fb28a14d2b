import type { AwsClients } from "./clients.ts";
import { eventually } from "./poll.ts";

const GROUPS = "/aws/lambda/";

/** How often each function has ended an invocation, from its log: `tandem-…-onBuildChange` → n. */
export async function invocations({ logs }: AwsClients): Promise<Readonly<Record<string, number>>> {
  const { logGroups = [] } = await logs.describeLogGroups({ logGroupNamePrefix: GROUPS });
  const counts = await Promise.all(
    logGroups.map(async ({ logGroupName = "" }) => {
      let count = 0;
      let nextToken: string | undefined;
      do {
        const page = await logs.filterLogEvents({
          logGroupName,
          filterPattern: '"REPORT RequestId"',
          ...(nextToken === undefined ? {} : { nextToken }),
        });
        count += page.events?.length ?? 0;
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      return [logGroupName.slice(GROUPS.length), count] as const;
    }),
  );
  return Object.fromEntries(counts);
}

/** Does something, and waits until functions have ended so many more invocations. */
export async function andThen(
  aws: AwsClients,
  functionName: RegExp,
  work: () => Promise<number>,
): Promise<void> {
  const count = async () =>
    Object.entries(await invocations(aws)).reduce(
      (sum, [name, n]) => sum + (functionName.test(name) ? n : 0),
      0,
    );
  const before = await count();
  const more = await work();
  await eventually(
    async () => ((await count()) >= before + more ? true : undefined),
    `${more} more invocations of ${functionName}`,
  );
}
