/** A service over a transport, as it is declared: methods that call their commands, and listeners to its events. */
import { messageOf } from "@atomiton/values";
import { commandOf, listenersOf, methodsOf } from "../../services/contract.js";
import type { Declaration, Method, Unsubscribe } from "../../services/declaration.js";
import { fromBase64 } from "../../types/base64.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { guarded } from "../listeners.js";

/** Where failures of listeners are told. */
export type Warn = (message: string) => void;

/** Makes the event that callers know of the one that arrived, by the method that listens. */
export type EventReaders = Readonly<Record<string, (event: Record<string, unknown>) => unknown>>;

type Call = (...args: unknown[]) => Promise<unknown>;
type Listen = (callback: (event: unknown) => unknown) => Unsubscribe;

/**
 * The stubs of a service. Without a transport nothing is ever told, lists are empty, no execution is known, and all else
 * rejects with `NO_TRANSPORT`.
 */
export function stubsOf<Api extends object>(
  service: Declaration<Api>,
  transport: RemoteTransport | undefined,
  warn: Warn,
  readers: EventReaders = {},
): Api {
  const stubs: Record<string, Call | Listen> = {};
  for (const [name, method] of methodsOf(service)) stubs[name] = stubOf(service, name, method, transport);
  for (const [name, { event, mayBeEmpty }] of listenersOf(service)) {
    stubs[name] = (callback: (event: unknown) => unknown) => {
      const { [name]: read = (data: unknown) => data } = readers;
      const report = (message: string, error: unknown) => warn(`${message}: ${messageOf(error)}`);
      const listener = guarded(`${service.channel}.${event}`, (data) => callback(read(data as never)), report);
      const isEvent = (data: unknown) => mayBeEmpty || (typeof data === "object" && data !== null);
      return transport?.listen(service.channel, event, (data) => isEvent(data) && listener(data)) ?? (() => {});
    };
  }
  return stubs as Api;
}

function stubOf(
  service: Declaration<never>,
  name: string,
  method: Method,
  transport: RemoteTransport | undefined,
): Call {
  const [channel, command] = commandOf(service, name, method);
  const { wire, answers, targets } = method;
  return async (...args) => {
    if (transport === undefined) {
      if (answers === "list") return [];
      if (targets === "everywhere") return undefined;
      throw noTransport(service);
    }
    const signals = args.filter((arg) => arg instanceof AbortSignal) as [signal?: AbortSignal];
    const answer = await transport.call(channel, command, wire?.send(...args), ...signals);
    if (answers === "nothing") return undefined;
    if (answers === "bytes") return bytesIn(answer, `${channel}.${command}`);
    return answers === "list" && !Array.isArray(answer) ? [] : answer;
  };
}

function bytesIn(answer: unknown, command: string): Uint8Array {
  try {
    if (typeof answer === "string") return fromBase64(answer);
  } catch {
    // Told below.
  }
  throw new TransportError("DESERIALIZATION_FAILED", `The answer to ${command} is no text in base64`);
}

/** The error of a call that no transport carries. */
export function noTransport({ subject }: Pick<Declaration<never>, "subject">): TransportError {
  return new TransportError("NO_TRANSPORT", `No transport available for ${subject}`);
}
