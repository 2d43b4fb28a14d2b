import { createServer } from "node:net";

/**
 * A port of 127.0.0.1 that nobody listens on. Somebody else may take it before it is used: whoever gives it to a container
 * tries again with another one.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the operating system gave no port"));
      });
    });
  });
}
