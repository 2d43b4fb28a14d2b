import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

/** What the checks of a user's own look at. */
export interface Shop {
  readonly url: string;
  /** What `GET /health` is answered. */
  healthy: boolean;
  /** What a function of the user's own is answered. */
  answer: { readonly status: number; readonly body: string };
  /** What that function was called with. */
  readonly asked: readonly unknown[];
  readonly close: () => void;
}

/** A server that a test can make ill and well. */
export async function openShop(): Promise<Shop> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (request.method === "GET") {
      response.writeHead(shop.healthy ? 200 : 503).end();
      return;
    }
    asked.push(JSON.parse(body));
    response.writeHead(shop.answer.status).end(shop.answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const shop: Shop = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : undefined}`,
    healthy: false,
    answer: { status: 200, body: '{"ok": false, "reason": "the basket is empty"}' },
    asked,
    close: () => server.close(),
  };
  return shop;
}

/** Adds the function `smoke` of the user's own, beside those of Tandem: it hands on to an address what it is asked. */
export async function addSmokeFunction(folder: string, url: string): Promise<void> {
  const code = `export async function handler(event: unknown): Promise<unknown> {
    const response = await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify(event) });
    if (!response.ok) throw new Error("the shop is closed");
    return response.json();
  }`;
  await writeFile(join(folder, "functions", "smoke.ts"), code);
  const file = join(folder, "serverless.yml");
  const declared = "\nfunctions:\n  smoke:\n    name: smoke\n    handler: functions/smoke.handler\n";
  const role = "    role: !GetAtt OnBuildChangeRole.Arn\n";
  await writeFile(file, (await readFile(file, "utf8")).replace("\nfunctions:\n", declared + role));
}
