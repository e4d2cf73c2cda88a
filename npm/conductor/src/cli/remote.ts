/** The server that the command line talks to: its address, the key for it, and a conductor that reaches it. */
import { readFileSync } from "node:fs";
import { messageOf } from "@atomiton/values";
import { type Conductor, createConductor } from "../exports/node.js";
import { checkedAddress } from "../transports/address.js";
import { type Exit, UsageError } from "./exit.js";
import { keptKey } from "./kept-keys.js";
import { oneLine } from "./text.js";

/** Options of all commands that may talk to a server. */
export interface RemoteOptions {
  /** The address of the server. */
  remote?: string;
  /** A file with the key alone. */
  keyFile?: string;
}

/** Who a key belongs to, as its server says. */
export interface RemoteUser {
  username: string;
  roles?: string[];
}

/** A server that answers, and knows the caller. */
export interface Remote {
  apiUrl: string;
  conductor: Conductor;
}

/** How long a server may take to say who the caller is, in ms. */
const ANSWER_MS = 30_000;

/** The address of the API of a server, with or without the `/api` at its end. Throws UsageError for what is no address. */
export function apiUrlOf(address: string): string {
  try {
    const checked = checkedAddress(address, ["http:", "https:"]);
    return checked.endsWith("/api") ? checked : `${checked}/api`;
  } catch (error) {
    throw new UsageError(`The address of the server is wrong: ${messageOf(error)}`);
  }
}

/** Whether what goes to an address can be seen on the way. */
export function isOpenNetwork(apiUrl: string): boolean {
  const { protocol, hostname } = new URL(apiUrl);
  return protocol === "http:" && hostname !== "localhost" && hostname !== "[::1]" && !/^127\./.test(hostname);
}

/** Who a server takes the holder of a key for; `undefined` for a stranger. Throws UsageError where it cannot be asked. */
export async function askWho(apiUrl: string, key: string | undefined): Promise<RemoteUser | undefined> {
  const failed = (why: string) => new UsageError(`The server at ${apiUrl} cannot be used: ${oneLine(why)}`);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${apiUrl}/auth/getCurrentUser`, {
      method: "POST",
      // A key goes to the server that was named, and to no other.
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
    });
    text = await response.text();
  } catch (error) {
    const { code } = ((error as { cause?: { code?: string } }).cause ?? {}) as { code?: string };
    throw failed(code ?? messageOf(error));
  }
  if (response.status === 401) return undefined;
  if (!response.ok) throw failed(`it answers ${response.status} ${response.statusText}`);
  let user: unknown;
  try {
    user = JSON.parse(text);
  } catch {
    throw failed("it is no server of conductor");
  }
  return typeof (user as RemoteUser | null)?.username === "string" ? (user as RemoteUser) : undefined;
}

/** Lets a command use the server, and closes the connection. Throws UsageError where the server does not know the caller. */
export async function withRemote(
  options: RemoteOptions & { remote: string },
  use: (remote: Remote) => Promise<Exit>,
): Promise<Exit> {
  const apiUrl = apiUrlOf(options.remote);
  const key = keyFor(apiUrl, options);
  if ((await askWho(apiUrl, key)) === undefined) {
    throw new UsageError(
      key === undefined
        ? `The server at ${apiUrl} needs a key: conductor login ${apiUrl}, CONDUCTOR_KEY or --key-file`
        : `The server at ${apiUrl} does not know this key; it may have been removed, or have expired`,
    );
  }
  const conductor = createConductor({ transport: "websocket", apiUrl, ...(key !== undefined && { key }) });
  try {
    return await use({ apiUrl, conductor });
  } finally {
    await conductor.shutdown();
  }
}

/** Asks a server for a resource below its API. Throws an error with the code that the server gives. */
export async function askServer(
  options: RemoteOptions & { remote: string },
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<unknown> {
  const apiUrl = apiUrlOf(options.remote);
  const key = keyFor(apiUrl, options);
  let response: Response;
  try {
    response = await fetch(`${apiUrl}${path}`, {
      method,
      // A key goes to the server that was named, and to no other.
      redirect: "error",
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new UsageError(`The server at ${apiUrl} cannot be used: ${oneLine(messageOf(error))}`);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const { error = `It answers ${response.status}`, code = "EXECUTION_FAILED" } = (answer ?? {}) as Record<
    string,
    string
  >;
  throw Object.assign(new Error(error), { code });
}

/** The key: of the file that is named, of the environment, or the one that `conductor login` keeps. */
function keyFor(apiUrl: string, { keyFile }: RemoteOptions): string | undefined {
  if (keyFile !== undefined) return checkedKey(readKey(keyFile), `The file ${oneLine(keyFile)}`);
  const { CONDUCTOR_KEY } = process.env;
  if (CONDUCTOR_KEY) return checkedKey(CONDUCTOR_KEY, "CONDUCTOR_KEY");
  return keptKey(apiUrl);
}

/** A key as it may be sent. Throws UsageError, never repeating it. */
export function checkedKey(text: string, source: string): string {
  const key = text.trim();
  if (!/^[\x21-\x7e]{1,1000}$/.test(key))
    throw new UsageError(`${source} holds no key: one line of text without spaces`);
  return key;
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`The key cannot be read: ${messageOf(error)}`);
  }
}
