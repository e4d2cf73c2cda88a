/** Reaches a server by HTTP: one POST per command, without events. */
import { messageOf } from "@atomiton/values";
import type { ErrorCode } from "../types/errors.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { HealthResult, RemoteTransport } from "../types/transport.js";
import { baseOf, checkedAddress, checkedName } from "./address.js";
import { awaitsExecution, CALL_TIMEOUT, EXECUTION_TIMEOUT, startDeadline } from "./deadline.js";
import { answeredError, TransportError, type TransportErrorOptions } from "./failure.js";
import { decode, encode } from "./json.js";

/** How long the first calls wait for a connection that brings events, in ms. */
const PATIENCE = 1000;

/** Where a transport without events of its own gets them. */
export type EventSource = Pick<RemoteTransport, "listen" | "listening" | "shutdown">;

/** Settings of an HTTP transport. */
export interface HTTPTransportOptions {
  /** Such as `https://api.example.com` or `http://localhost:3000/api`. No credentials, no query. */
  apiUrl: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** For an answer, in ms; 0 for none. Default 30000, for executions 300000. */
  timeout?: number;
  /** Default is the global one, as it is when it is needed. */
  fetch?: typeof globalThis.fetch;
  /** Asked before every request; sent as `Authorization: Bearer …`. */
  token?: () => string | undefined;
  /** Such as a WebSocket transport. It is shut down with this one. */
  events?: EventSource;
}

/** See `createHTTPTransport`. */
export interface HTTPTransport extends RemoteTransport {
  readonly type: "http";
  health(): Promise<HealthResult>;
}

/**
 * A transport over HTTP. Requests go to `<apiUrl>/execute`, commands to `<base>/api/<channel>/<command>`, where base is
 * `apiUrl` without an `/api` at its end. Rejects with `TRANSPORT_ERROR` (no connection, one that broke after the request
 * was sent, or a status that is no success; of those from 400 to 499 only 408, 425 and 429 are worth another try),
 * `RATE_LIMIT_EXCEEDED` (429), `TIMEOUT`,
 * `SERIALIZATION_FAILED` (before anything is sent), `DESERIALIZATION_FAILED`, and after `shutdown` with `CANCELLED` (what
 * was pending) and `NO_TRANSPORT`.
 */
export function createHTTPTransport(options: HTTPTransportOptions): HTTPTransport {
  const apiUrl = checkedAddress(options.apiUrl, ["http:", "https:"]);
  const base = baseOf(apiUrl);
  const { origin } = new URL(apiUrl);
  const headers = checkedHeaders(options.headers);
  const pending = new Set<(error: TransportError) => void>();
  let ended = false;
  let warned = false;

  /** What comes of a call shall not be told before anybody hears it, unless that takes too long. */
  const { listening } = options.events ?? {};
  let isPatient = true;
  const hears =
    listening &&
    (async () => {
      if (ended || !isPatient) return;
      await new Promise<void>((resolve) => {
        const endDeadline = startDeadline(PATIENCE, () => {
          isPatient = false;
          resolve();
        });
        const heard = () => {
          endDeadline();
          resolve();
        };
        listening().then(heard, heard);
      });
      if (ended) throw new TransportError("CANCELLED", "The HTTP transport was shut down");
    });

  /** Sends one request and reads the whole answer. */
  function post(
    url: string,
    body: string | undefined,
    timeout: number,
    late: string,
    signal?: AbortSignal,
  ): Promise<Answer> {
    if (ended) return Promise.reject(new TransportError("NO_TRANSPORT", "The HTTP transport was shut down"));
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      const abandon = (error: TransportError) => {
        endDeadline();
        pending.delete(abandon);
        reject(error);
        controller.abort(error);
      };
      pending.add(abandon);
      const endDeadline = startDeadline(
        timeout,
        (error = new TransportError("TIMEOUT", late)) => abandon(error),
        signal,
      );
      send(url, body, controller.signal).then(
        (answer) => {
          endDeadline();
          pending.delete(abandon);
          resolve(answer);
        },
        (cause) => abandon(cause instanceof TransportError ? cause : unreachable(cause, origin, !wasNeverMade(cause))),
      );
    });
  }

  async function send(url: string, body: string | undefined, signal: AbortSignal): Promise<Answer> {
    const fetch = options.fetch ?? globalThis.fetch;
    const init: RequestInit = { method: "POST", headers: withToken(headers, options.token?.()), signal };
    if (body !== undefined) init.body = body;
    const response = await fetch(url, init);
    const text = await response.text().catch((cause) => {
      throw unreachable(cause, origin, true);
    });
    return { status: response.status, ok: response.ok, statusText: response.statusText, text };
  }

  async function call(channel: string, command: string, args?: unknown, signal?: AbortSignal): Promise<unknown> {
    const url = `${base}/api/${checkedName(channel)}/${checkedName(command)}`;
    const long = awaitsExecution(channel, command);
    const timeout = options.timeout ?? (long ? EXECUTION_TIMEOUT : CALL_TIMEOUT);
    if (hears !== undefined) await hears();
    const answer = await post(url, encode(args), timeout, long ? "Execution timeout" : "Request timeout", signal);
    const name = `${channel}.${command}`;
    if (!answer.ok) {
      const { status, statusText } = answer;
      throw channelErrorOf(answer) ?? statusError(answer, `HTTP ${status}${statusText && `: ${statusText}`}`);
    }
    // Like a handler that returns nothing.
    const result = answer.text === "" ? undefined : decode(answer.text, name);
    throwChannelError(result);
    return result;
  }

  return {
    type: "http",
    async execute(request: ExecutionRequest): Promise<RequestResult> {
      const timeout = options.timeout ?? EXECUTION_TIMEOUT;
      if (hears !== undefined) await hears();
      const answer = await post(`${apiUrl}/execute`, encode(request), timeout, "Execution timeout");
      if (!answer.ok) throw statusError(answer, `Execution failed: ${answer.statusText || answer.status}`);
      const result = decode(answer.text, "execute");
      throwChannelError(result);
      if (typeof result !== "object" || result === null) {
        throw new TransportError("DESERIALIZATION_FAILED", "The answer of execute is no result of an execution");
      }
      return result as RequestResult;
    },
    call,
    listen(channel, event, callback) {
      if (options.events !== undefined) return options.events.listen(channel, event, callback);
      if (!warned) console.warn("[HTTP] Real-time events not supported over HTTP transport");
      warned = true;
      return () => {};
    },
    async health() {
      return (await call("system", "health")) as HealthResult;
    },
    async shutdown() {
      ended = true;
      for (const abandon of [...pending]) abandon(new TransportError("CANCELLED", "The HTTP transport was shut down"));
      await options.events?.shutdown();
    },
  };
}

interface Answer {
  status: number;
  ok: boolean;
  statusText: string;
  text: string;
}

function throwChannelError(result: unknown): void {
  if (isChannelError(result)) throw answeredError(result, "TRANSPORT_ERROR");
}

/** What a handler says in an answer whose status is no success; more useful than the status. */
function channelErrorOf(answer: Answer): TransportError | undefined {
  const body = jsonOf(answer);
  return isChannelError(body) ? answeredError(body, codeOfStatus(answer.status), about(answer.status)) : undefined;
}

function statusError(answer: Answer, message: string): TransportError {
  const body = jsonOf(answer);
  const code = typeof body === "object" && body !== null ? (body as { code?: unknown }).code : undefined;
  return answeredError({ error: message, code }, codeOfStatus(answer.status), about(answer.status));
}

function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch {
    return undefined;
  }
}

function isChannelError(body: unknown): body is { error: unknown; code?: unknown } {
  return typeof body === "object" && body !== null && (body as { channelError?: unknown }).channelError === true;
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 408 || status === 504) return "TIMEOUT";
  return status === 429 ? "RATE_LIMIT_EXCEEDED" : "TRANSPORT_ERROR";
}

/** The same request gets the same answer where the fault is said to be in it. */
function about(status: number): TransportErrorOptions {
  const hopeless = status < 500 && status !== 408 && status !== 425 && status !== 429;
  // Who says that the request took too long to arrive has not begun with it.
  return { status, ...(hopeless && { retryable: false }), ...(status === 408 && { uncertain: false }) };
}

function unreachable(cause: unknown, origin: string, uncertain: boolean): TransportError {
  const reason = reasonOf(cause) ?? messageOf(cause);
  return new TransportError("TRANSPORT_ERROR", `Cannot reach ${origin}: ${String(reason)}`, { cause, uncertain });
}

/** What Node says when there was no connection at all. Browsers do not tell: there a request may have been sent. */
const NEVER_MADE = /^(ECONNREFUSED|ENOTFOUND|EAI_.*|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT)$/;

function wasNeverMade(cause: unknown): boolean {
  return NEVER_MADE.test(String(reasonOf(cause)));
}

function reasonOf(cause: unknown): unknown {
  return (cause as { cause?: { code?: unknown } } | null)?.cause?.code;
}

/** Checked once, by name: what the platform says about a bad header quotes its value. */
function checkedHeaders(given: Record<string, string> = {}): Headers {
  const headers = new Headers({ Accept: "application/json", "Content-Type": "application/json" });
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value);
    } catch {
      throw new TransportError("INVALID_PARAMETERS", `The header ${JSON.stringify(name)} of a transport is not valid`);
    }
  }
  return headers;
}

function withToken(headers: Headers, token: string | undefined): Headers {
  if (token === undefined || token === "") return headers;
  const own = new Headers(headers);
  try {
    own.set("Authorization", `Bearer ${token}`);
  } catch {
    throw new TransportError("INVALID_PARAMETERS", "The session token holds characters that no header may");
  }
  return own;
}
