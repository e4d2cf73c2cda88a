/** Channels that only a server has: pages of a desktop application do not reach them, and load nothing of them. */
import { type Channel, channelsOf } from "./contract.js";
import { triggers } from "./triggers.js";

/** These channels by name. */
export const SERVER_CHANNELS: ReadonlyMap<string, Channel> = channelsOf([triggers]);
