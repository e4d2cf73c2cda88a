/** The messages that cross a link, and how strangers' messages are read. */
import { isObject } from "@atomiton/values";
import type { Want } from "../emission.js";
import type { EventErrorCode } from "../error.js";
import { LONGEST_ID } from "../ids.js";

/** Name and version of the protocol; a message with another one is ignored. */
export const PROTOCOL = "atomiton-events/1";

interface Envelope {
  protocol: typeof PROTOCOL;
  /** Session of the sender: one event manager over one link. */
  from: string;
  /** Session that is meant; left out while it is not known. Others ignore the message. */
  to?: string | undefined;
}

/** Says that events are here; answered by one with `reply`. */
export interface HelloMessage extends Envelope {
  type: "hello";
  reply: boolean;
}

/** Says that the events over there were closed. */
export interface ByeMessage extends Envelope {
  type: "bye";
}

interface EventEnvelope extends Envelope {
  bus: string;
  event: string;
  /** Pairs an event with its answer. */
  id: string;
}

export interface EventMessage extends EventEnvelope {
  type: "event";
  want: Want;
  data: unknown;
}

/** For `want: "first"` data is the answer, for `"all"` the array of answers. */
export interface AnswerMessage extends EventEnvelope {
  type: "answer";
  /** Whether any handler ran. */
  handled: boolean;
  data: unknown;
}

export interface FailureMessage extends EventEnvelope {
  type: "failure";
  data: Failure;
}

/** The sender of an event waits for it no longer. */
export interface AbortMessage extends EventEnvelope {
  type: "abort";
}

export interface Failure {
  code: EventErrorCode;
  message: string;
  /** Of what the handler threw, where it was an error. */
  name?: string | undefined;
  causeCode?: string | undefined;
  stack?: string | undefined;
}

/** A message before it is known who sends it to whom. */
export type Unaddressed<Message extends Envelope> = Omit<Message, keyof Envelope>;

export type LinkMessage = HelloMessage | ByeMessage | EventMessage | AnswerMessage | FailureMessage | AbortMessage;

const FAILURE_CODES: readonly unknown[] = ["HANDLER_FAILED", "IPC_FAILED", "ABORTED", "CLOSED"];

/** The message, if this is one of this protocol and well formed; undefined otherwise. It never throws. */
export function readMessage(raw: unknown): LinkMessage | undefined {
  try {
    if (!isObject(raw) || raw["protocol"] !== PROTOCOL) return undefined;
    const addressed = isId(raw["from"]) && (raw["to"] === undefined || isId(raw["to"]));
    return addressed && isMessage(raw) ? (raw as unknown as LinkMessage) : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(raw: Record<string, unknown>): boolean {
  const type = raw["type"];
  if (type === "hello") return typeof raw["reply"] === "boolean";
  if (type === "bye") return true;
  if (!isId(raw["id"]) || typeof raw["bus"] !== "string" || typeof raw["event"] !== "string") return false;
  if (type === "event") return raw["want"] === "first" || raw["want"] === "all";
  if (type === "answer") return typeof raw["handled"] === "boolean";
  if (type === "failure") return isFailure(raw["data"]);
  return type === "abort";
}

function isFailure(data: unknown): boolean {
  if (!isObject(data)) return false;
  const text = (key: string) => data[key] === undefined || typeof data[key] === "string";
  return (
    FAILURE_CODES.includes(data["code"]) &&
    typeof data["message"] === "string" &&
    text("name") &&
    text("causeCode") &&
    text("stack")
  );
}

function isId(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST_ID;
}
