/** A server for a conductor. */
export type { AuthChannelDependencies, SessionToken } from "../desktop/channels/auth.js";
export type { MainProcessConductor } from "../desktop/main-process.js";
export type { Retention as Keeping } from "../desktop/result-cache.js";
export { type Caller, ROLES } from "../server/access.js";
export type { Authenticate } from "../server/calls.js";
export { type ConductorServer, createServer, type Listening, type ServerOptions } from "../server/server.js";
export type { Role } from "../services/declaration.js";
