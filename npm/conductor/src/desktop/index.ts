/** Running flows for the windows of an Electron application. */

export {
  type CallAnswer,
  type ChannelOptions,
  type ChannelServer,
  type CommandHandler,
  type CommandOptions,
  createChannelServer,
  type Middleware,
} from "./channel-server.js";
export * from "./channels/auth.js";
export * from "./channels/conductor.js";
export * from "./channels/flow.js";
export * from "./channels/logger.js";
export {
  createNodeChannelServer,
  type NodeChannelDependencies,
  type NodeChannelOptions,
  type NodeChannelServer,
} from "./channels/node.js";
export * from "./channels/path.js";
export * from "./channels/storage.js";
export * from "./channels/system.js";
export type { ChannelsHealth } from "./channels-overview.js";
export { plainResult } from "./cloneable-result.js";
export type * from "./electron.js";
export { DATA_LIMITS, FLOW_LIMITS, type FlowLimits, type PayloadLimits, WORDS_LIMITS } from "./limits.js";
export type {
  MainProcessConductor,
  MainProcessHandler,
  MainProcessOptions,
  RecoveryChoice,
} from "./main-process.js";
export { type Schema, type SchemaIssue, withRetry, withValidation } from "./middleware.js";
export { createRequests, type RequestDependencies, type Requests } from "./requests.js";
export type { Retention as Keeping } from "./result-cache.js";
export { createSenderPolicy, type SenderOptions, type SenderPolicy } from "./sender.js";
