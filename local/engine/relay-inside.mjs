// Runs inside of a container's network namespace (`nsenter --net`), with the files of this machine: whoever connects to the
// Unix socket is connected to the port on the container's loopback. Arguments: SOCKET PORT. Ends with its standard input.
import { connect, createServer } from "node:net";

const [socket, port] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (outer) => {
  const inner = connect({ host: "127.0.0.1", port: Number(port), allowHalfOpen: true });
  outer.pipe(inner).pipe(outer);
  outer.on("error", () => inner.destroy());
  inner.on("error", () => outer.destroy());
});
server.listen(socket, () => process.stdout.write("listening\n"));
process.stdin.on("end", () => process.exit(0)).resume();
