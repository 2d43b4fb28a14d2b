import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

/** The table's CloudFormation properties, as serverless.yml takes them from `infrastructure/`. */
export interface TableProperties extends Omit<CreateTableCommandInput, "TableName" | "SSESpecification"> {
  readonly TimeToLiveSpecification: { readonly AttributeName: string; readonly Enabled: boolean };
}

export function deployedTable(): TableProperties {
  const stack = createRequire(import.meta.url).resolve("../../infrastructure/stack.cjs");
  const script = `require(process.argv[1]).resources({ resolveVariable: async () => [] })
    .then(({ Resources }) => process.stdout.write(JSON.stringify(Resources.Table.Properties)));`;
  return JSON.parse(execFileSync(process.execPath, ["-e", script, stack], { encoding: "utf8" }));
}

export interface Database {
  readonly client: DynamoDBClient;
  readonly url: string;
  readonly createTable: (name: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** DynamoDB in this process, with tables as the stack makes them. */
export async function startDatabase({
  BillingMode,
  AttributeDefinitions,
  KeySchema,
  GlobalSecondaryIndexes,
}: TableProperties): Promise<Database> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const client = new DynamoDBClient({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  return {
    client,
    url,
    async createTable(TableName) {
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode,
          AttributeDefinitions,
          KeySchema,
          GlobalSecondaryIndexes,
        }),
      );
      for (;;) {
        const { Table } = await client.send(new DescribeTableCommand({ TableName }));
        if (Table?.TableStatus === "ACTIVE") return;
      }
    },
    async close() {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
