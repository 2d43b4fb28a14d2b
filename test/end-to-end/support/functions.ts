import type { Api } from "./api.ts";
import type { AwsClients } from "./clients.ts";
import type { Control } from "./control.ts";
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

/** Sweeps until a commit has its run: a sweep that was under way already may have looked too early. @returns the run's id */
export async function sweptInto(
  { aws, api, control }: { readonly aws: AwsClients; readonly api: Api; readonly control: Control },
  commit: string,
): Promise<string> {
  for (let sweeps = 0; sweeps < 10; sweeps += 1) {
    await andThen(aws, /sweep/, async () => {
      await control.runSchedules();
      return 1;
    });
    if ((await api.runs()).some((run) => run.commit === commit)) break;
  }
  return api.runOf(commit);
}
