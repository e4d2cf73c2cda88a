/**
 * What runs in a worker of a page's conductor: the driver and the node library. Importing it in a worker lets that serve
 * the conductor that starts it; anywhere else it does nothing. `useExecutables` adds executables of the application's own.
 */
import { serveConductors } from "../worker/entry.js";

serveConductors();

export { type AnyExecutable, type NodeExecutorFactory, useExecutables } from "../worker/entry.js";
