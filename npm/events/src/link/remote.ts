/** Every process on the other side of one link. */
import type { Emission } from "../emission.js";
import { isPromiseLike } from "../promise.js";
import type { Link } from "./link.js";
import { type EventMessage, type LinkMessage, PROTOCOL, readMessage } from "./message.js";
import { failed, Peer, type PeerSetup, type Question, tooLarge } from "./peer.js";

/** Largest message by default, in bytes: 8 MiB. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** How long the other process may take to be heard for the first time, in ms. */
const DEFAULT_CONNECT_TIMEOUT = 10_000;

/** How many event managers one page or process may have on one link; the oldest gives way. */
const MAX_SESSIONS = 32;

export interface RemoteSettings {
  /** Largest message in bytes, sent or received; 8 MiB by default. A larger one fails with `IPC_FAILED`. */
  maxMessageBytes?: number | undefined;
  /** How long the other process may stay silent before emits to it fail, in ms; 10,000 by default. */
  connectTimeout?: number | undefined;
}

export interface RemoteSetup extends RemoteSettings {
  link: Link;
  /** Session of this side. */
  session: string;
  /** Whether the other side was only guessed to be there. */
  optional: boolean;
  serve(message: EventMessage): Emission | undefined;
}

export interface Remote {
  /** Takes a place of the emission for each process, and sends it the event. */
  ask(question: Question, emission: Emission): void;
  /** Drops what is kept of an event. */
  forget(id: string, gaveUp: boolean): void;
  readonly pending: number;
  close(): void;
}

interface OpenQuestion {
  question: Question;
  emission: Emission;
  /** Whether it was asked before the other end was first heard. */
  early: boolean;
}

interface Member {
  /** How the link tells its processes apart. */
  address: unknown;
  peer: Peer;
}

export function createRemote({ link, session, optional, serve, ...settings }: RemoteSetup): Remote {
  const maxMessageBytes = checkPositive("maxMessageBytes", settings.maxMessageBytes ?? MAX_MESSAGE_BYTES);
  const connectTimeout = checkPositive("connectTimeout", settings.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT);
  const open = new Map<string, OpenQuestion>();
  let members: Member[] = [];

  const add = (address: unknown, heard?: string) => {
    const send: PeerSetup["send"] = (message) => (link.many ? link.send(message, address) : link.send(message));
    const peer = new Peer({ session, maxMessageBytes, connectTimeout, optional, serve, send }, heard);
    members.push({ address, peer });
    return peer;
  };
  const dismiss = (leaves: (member: Member) => boolean, reason: string) => {
    const gone = members.filter(leaves);
    // A link to one process keeps its last peer, so that emits say that it is gone.
    const kept = link.many || gone.length < members.length ? undefined : gone.at(-1);
    members = members.filter((member) => member === kept || !gone.includes(member));
    for (const { peer } of gone) peer.leave(reason);
  };
  const askPeer = (peer: Peer, { question, emission }: OpenQuestion) => {
    const place = emission.takePlace();
    peer.ask(question, (outcome) => emission.settlePlace(place, outcome));
  };
  /**
   * What was asked before the other end was first heard went to every session over there, and any of them may know the answer. Each
   * says hello before it answers, so it has a place by the time that another's "not handled" comes.
   */
  const askEarly = (peer: Peer) => {
    for (const asked of [...open.values()]) {
      if (asked.early && !asked.emission.settled) askPeer(peer, asked);
    }
  };
  /** The peer that sent a message; one that was awaited or away gives its place to who is there now. */
  const peerOf = (message: LinkMessage, address: unknown): Peer | undefined => {
    const known = members.find((member) => member.address === address && member.peer.session === message.from);
    if (known || message.type === "bye") return known?.peer;
    const awaited = members.find((member) => member.address === address && member.peer.session === undefined);
    if (awaited) return awaited.peer;
    members = members.filter((member) => !member.peer.away);
    const crowd = members.filter((member) => member.address === address);
    if (crowd.length >= MAX_SESSIONS) dismiss((member) => member === crowd[0], "too many event managers on one link");
    const peer = add(address, message.from);
    askEarly(peer);
    return peer;
  };

  const stopListening = link.onMessage((raw, from) => {
    const message = readMessage(raw);
    // Some links echo: what this side sent is no news to it.
    if (!message || message.from === session || (message.to !== undefined && message.to !== session)) return;
    const address = link.many ? from : undefined;
    const peer = peerOf(message, address);
    if (message.type === "bye") dismiss((member) => member.peer === peer, "its events were closed");
    else peer?.receive(message);
  });
  const stopWatching = link.onGone?.((reason, from) => {
    const address = link.many ? from : undefined;
    dismiss((member) => member.address === address, reason);
  });

  if (link.many) announce(link, session);
  else add(undefined).hello(false);

  return {
    ask(question, emission) {
      if (members.length === 0) return;
      const reason = tooLarge(question, maxMessageBytes);
      if (reason !== undefined) return emission.settlePlace(emission.takePlace(), failed(question, reason));
      const asked = { question, emission, early: members.some(({ peer }) => peer.unheard) };
      open.set(question.id, asked);
      for (const { peer } of [...members]) askPeer(peer, asked);
    },
    forget(id, gaveUp) {
      const asked = open.get(id);
      if (!asked) return;
      open.delete(id);
      for (const { peer } of members) peer.forget(asked.question, gaveUp);
    },
    get pending() {
      return members.reduce((sum, { peer }) => sum + peer.pending, open.size);
    },
    close() {
      for (const { peer } of members) peer.close();
      members = [];
      open.clear();
      stopListening();
      stopWatching?.();
      link.close?.();
    },
  };
}

/** Those that were there first answer; those that come later announce themselves. */
function announce(link: Link, session: string): void {
  try {
    const sent: unknown = link.send({ protocol: PROTOCOL, from: session, type: "hello", reply: false });
    if (isPromiseLike(sent)) sent.then(undefined, () => {});
  } catch {
    // The other end is not there yet.
  }
}

function checkPositive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`ipc.${name} must be a positive number, not ${String(value)}`);
}
