/** The protocol on standard input and output, for a client that started this process. */
import { type Readable, Writable } from "node:stream";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { Caller } from "../access.js";
import { createService, type McpSource, serverFor } from "./protocol.js";

/** What a client that started the process may do. */
const OWNER: Caller = Object.freeze({ name: "stdio", role: "runner" });

/** How long calls may still take once the client has closed its end, in ms. */
const GRACE_MS = 1_000;

/** The streams of the process, and what ends it. */
export interface StdioOptions {
  input: Readable;
  /** Writes to standard output; nothing else may. */
  write(text: string | Uint8Array, done: (error?: Error | null) => void): void;
  /** Told of what cannot be understood. */
  problem(message: string): void;
  signal: AbortSignal;
}

/** Serves one client until it closes its end, or the signal aborts; gives false where it sent more than a message may have. */
export async function serveStdio(source: McpSource, { input, write, problem, signal }: StdioOptions): Promise<boolean> {
  const session = { caller: OWNER, token: undefined };
  const { server, pending } = serverFor(createService(source), { sessionOf: () => session, outlives: () => false });
  const output = new Writable({ write: (chunk, _encoding, done) => write(chunk, done) });
  const closed = new Promise<boolean>((resolve) => {
    server.onclose = () => resolve(false);
    // A client that does not read any more is gone.
    output.on("error", () => resolve(true));
    signal.addEventListener("abort", () => resolve(true), { once: true });
    if (signal.aborted) resolve(true);
  });
  server.onerror = (error) => problem(error.message);
  const ended = new Promise<void>((resolve) => input.once("end", resolve).once("close", resolve));
  await server.connect(new StdioServerTransport(input as typeof process.stdin, output as typeof process.stdout));
  const isFine = await Promise.race([closed, ended.then(() => answered(pending)).then(() => true)]);
  await server.close();
  await Promise.allSettled(pending);
  return isFine;
}

/** Resolves when requests are answered, or will not be for a while. */
async function answered(pending: ReadonlySet<Promise<unknown>>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([Promise.allSettled(pending), late]);
  clearTimeout(timer);
  // An answer is written after what it answers is settled.
  await new Promise(setImmediate);
}
