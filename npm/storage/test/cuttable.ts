/** A way to a server that can be cut at chosen moments. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A port of this machine that leads to another. */
export interface CuttableWay {
  port: number;
  /** Cuts all connections; those that are made from then on are cut too, until `mend`. */
  cut(): void;
  mend(): void;
  /** Cuts the connection by which something, or this text, is sent next: before the server has it, or when it has answered. */
  cutNext(moment: "request" | "answer", text?: string): void;
  close(): Promise<void>;
}

/** Opens a way to a port. */
export async function cuttableWay(to: number): Promise<CuttableWay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let next: { moment: "request" | "answer"; text: string; from?: Socket } | undefined;
  const cutBoth = (one: Socket, other: Socket) => {
    one.destroy();
    other.destroy();
  };
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(to, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (data) => {
      const isMeant = next !== undefined && next.from === undefined && data.includes(next.text);
      if (isMeant && next?.moment === "request") {
        next = undefined;
        return cutBoth(client, upstream);
      }
      if (isMeant && next !== undefined) next.from = client;
      upstream.write(data);
    });
    upstream.on("data", (data) => {
      if (next?.from === client) {
        next = undefined;
        return cutBoth(client, upstream);
      }
      client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend() {
      isCut = false;
    },
    cutNext(moment, text = "") {
      next = { moment, text };
    },
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
