import { AwsError, type Operation } from "../service.ts";
import { readState, writeState } from "../state.ts";
import type { Tables } from "./tables.ts";

/** What DynamoDB remembers of a table's time to live. Nothing expires: on AWS it takes up to two days. */
interface Specification {
  readonly AttributeName: string;
  readonly Enabled: boolean;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function specificationOf(value: unknown): Specification {
  if (!isRecord(value) || typeof value.AttributeName !== "string")
    throw new AwsError("ValidationException", "TimeToLiveSpecification needs AttributeName and Enabled");
  return {
    AttributeName: value.AttributeName,
    Enabled: value.Enabled === true || value.Enabled === "true",
  };
}

/**
 * UpdateTimeToLive and DescribeTimeToLive, which dynalite does not keep.
 * @throws Error naming the file when it is not readable
 */
export async function openTimeToLive(
  file: string,
  tables: Tables,
): Promise<{
  readonly operations: Readonly<Record<string, Operation>>;
  set(table: string, specification: unknown): Promise<void>;
}> {
  const specifications = new Map<string, Specification>();
  const stored = await readState(file, 1);
  if (isRecord(stored))
    for (const [table, specification] of Object.entries(stored))
      specifications.set(table, specificationOf(specification));

  const set = async (table: string, specification: unknown): Promise<void> => {
    specifications.set(table, specificationOf(specification));
    await writeState(file, 1, Object.fromEntries(specifications));
  };
  const tableOf = async (input: Readonly<Record<string, unknown>>): Promise<string> => {
    await tables.run("DescribeTable", { TableName: input.TableName });
    return String(input.TableName);
  };
  return {
    set,
    operations: {
      UpdateTimeToLive: async (input) => {
        const table = await tableOf(input);
        await set(table, input.TimeToLiveSpecification);
        return { TimeToLiveSpecification: specifications.get(table) };
      },
      DescribeTimeToLive: async (input) => {
        const specification = specifications.get(await tableOf(input));
        const TimeToLiveDescription = specification?.Enabled
          ? { TimeToLiveStatus: "ENABLED", AttributeName: specification.AttributeName }
          : { TimeToLiveStatus: "DISABLED" };
        return { TimeToLiveDescription };
      },
    },
  };
}
