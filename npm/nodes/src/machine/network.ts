import { messageOf } from "../contract/error.js";
import type { Network } from "../library/network.js";

/** HTTP from Node, which restricts nothing and puts the reason into the error's cause. */
export const machineNetwork: Network = {
  settings: {},
  check() {},
  failureOf(error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : "";
    return reason === "" ? messageOf(error) : `${messageOf(error)} (${reason})`;
  },
};
