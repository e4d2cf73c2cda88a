/** Channels that only a server has: pages of a desktop application do not reach them, and load nothing of them. */
import { type Channel, channelsOf } from "./contract.js";
import { secrets } from "./secrets.js";
import { triggers } from "./triggers.js";

/** These channels by name. */
export const SERVER_CHANNELS: ReadonlyMap<string, Channel> = channelsOf([secrets, triggers]);
