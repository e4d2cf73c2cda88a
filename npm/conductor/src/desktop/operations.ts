/** What pages may do, by channel, as the services are declared. Everything else does not get past the preload script. */
import { CHANNELS } from "../services/contract.js";

/** The operations of one channel. */
export interface ChannelOperations {
  /** Commands that can be called. */
  readonly commands?: readonly string[];
  /** Events that can be listened to. */
  readonly events?: readonly string[];
  /** Messages that can be sent without an answer. */
  readonly sends?: readonly string[];
}

/** The operations of all channels that the main process serves. */
export const OPERATIONS: Readonly<Record<string, ChannelOperations>> = Object.fromEntries(
  [...CHANNELS].map(([name, { commands, events, messages }]) => [
    name,
    { commands: [...commands.keys()], events: [...events.keys()], sends: [...messages.keys()] },
  ]),
);
