import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { adviceOf } from "../src/contract/error.js";
import { failure, temporaryFolder } from "./run.js";
import { CERTIFICATE, KEY } from "./self-signed.js";

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a server that cannot be reached", () => {
  const failed = async (url: string) => {
    const error = await failure("http-request", {}, { url });
    expect(error.code).toBe("EXECUTION_FAILED");
    expect(adviceOf(error)?.length).toBeGreaterThan(0);
    return error;
  };

  it("is named with its host and port where nothing listens", async () => {
    const port = await freePort();
    const error = await failed(`http://127.0.0.1:${port}/orders?key=secret`);
    expect(error.message).toBe(
      `[http-request] fetch failed (ECONNREFUSED): http://127.0.0.1:${port}/orders: nothing answers at 127.0.0.1 on port ${port}`,
    );
    expect(adviceOf(error)).toEqual([
      "Start the server, or correct the host and port of the URL.",
      "Check that no firewall is in between.",
    ]);
    expect((await failed(`http://localhost:${port}/`)).message).toContain(
      `nothing answers at localhost on port ${port}`,
    );
  });

  it("is told to have no such name", async () => {
    const { message } = await failed("https://orders.invalid/v1");
    // A machine without any network cannot even ask.
    expect(message).toMatch(
      /^\[http-request\] fetch failed \((?:ENOTFOUND|EAI_AGAIN)\): https:\/\/orders\.invalid\/v1: (?:there is no host called orders\.invalid|the address of orders\.invalid could not be looked up)$/,
    );
  });

  it("is told to have a port that no request may go to", async () => {
    expect((await failed("http://127.0.0.1:6000/")).message).toBe(
      "[http-request] fetch failed (bad port): http://127.0.0.1:6000/: " +
        "requests to port 6000 are not allowed; it belongs to another protocol than HTTP",
    );
  });

  it("is told to have a certificate that nobody signed, or to talk no TLS", async () => {
    const secure = await portOf(createTlsServer({ key: KEY, cert: CERTIFICATE }, (_, answer) => answer.end()));
    expect((await failed(`https://localhost:${secure}/`)).message).toContain(
      "the certificate of localhost is not accepted, because no authority that this machine knows has signed it",
    );
    const plain = await portOf(createServer((_, answer) => answer.end()));
    expect((await failed(`https://127.0.0.1:${plain}/`)).message).toContain(
      `127.0.0.1 does not talk TLS on port ${plain}`,
    );
  });

  it("is told to have closed the connection", async () => {
    const port = await portOf(createTcpServer((socket) => socket.destroy()));
    expect((await failed(`http://127.0.0.1:${port}/`)).message).toContain(
      `127.0.0.1 on port ${port} closed the connection before it had answered`,
    );
  });
});

describe("a file that is not there", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "data"));
  for (const name of ["orders.csv", "order.csv", "customers.csv", "a", "b", "c"]) {
    writeFileSync(join(folder, "data", name), "a\n1\n");
  }
  mkdirSync(join(folder, "empty"));

  it("is told with the path that was tried and the names close by, and no advice to run again", async () => {
    const path = join(folder, "data", "orderz.csv");
    const error = await failure("spreadsheet", {}, { path });
    expect(error.message).toBe(`[spreadsheet] File not found: ${path}`);
    expect(adviceOf(error)).toEqual([
      "In that folder there is `orders.csv` or `order.csv`.",
      "Correct the path; a relative one starts at the folder in which the flow is run.",
    ]);
    const relative = await failure("spreadsheet", {}, { path: "no-such-folder-here/x.csv" });
    expect(adviceOf(relative)?.[0]).toContain(
      `Looked for ${join(process.cwd(), "no-such-folder-here", "x.csv")}; there is no folder`,
    );
  });

  it("is told with what the folder has, or which folder is missing", async () => {
    const said = async (operation: string, ...names: string[]) => {
      const error = await failure("file-system", {}, { path: join(folder, ...names), operation, targetPath: "x" });
      expect(error.message).toMatch(/^\[file-system] [A-Z][a-z ]+ failed: [A-Z][a-z]+ does not exist: [^(]+$/);
      const [found, ...further] = adviceOf(error) ?? [];
      expect(further.join(" ")).not.toContain("again");
      return found;
    };
    expect(await said("read", "data", "customer.csv")).toContain("In that folder there is `customers.csv`");
    expect(await said("read", "data", "ORDERS.CSV")).toContain("In that folder there is `orders.csv`");
    expect(await said("copy", "data", "unlike")).toContain("That folder has no name like it");
    expect(await said("move", "empty", "x")).toContain("That folder is empty");
    expect(await said("read", "x")).toContain("That folder has `data` and `empty`");
    expect(await said("list", "dta", "orders.csv")).toContain(
      `There is no folder ${join(folder, "dta")}, only ${folder} with \`data\``,
    );
    expect(await said("list", "dat")).toContain("In that folder there is `data`");
  });
});
