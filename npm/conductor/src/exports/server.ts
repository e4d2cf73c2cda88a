/** A server for a conductor. */
export type { AuthChannelDependencies, SessionToken } from "../desktop/channels/auth.js";
export type { MainProcessConductor } from "../desktop/main-process.js";
export type { Retention as Keeping } from "../desktop/result-cache.js";
export { createIsolation, type Isolation } from "../isolation/isolation.js";
export type { IsolationOptions } from "../isolation/settings.js";
export { type Caller, ROLES } from "../server/access.js";
export type { Audit, AuditEntry } from "../server/audit.js";
export type { AboutRequest, Authenticate, ServerAuth } from "../server/calls.js";
export type { ExecutionLimit, ExecutionLimits } from "../server/execution-limit-settings.js";
export type { MeterProvider } from "../server/meter.js";
export type { Rate, RateLimits } from "../server/rate-limits.js";
export type { SecretKeySource } from "../server/secrets/secret-keys.js";
export {
  openSecrets,
  type Rotation,
  type SecretEntry,
  type Secrets,
  type SecretsOptions,
  type SecretValue,
} from "../server/secrets/secrets.js";
export { type ConductorServer, createServer, type Listening, type ServerOptions } from "../server/server.js";
export type { OpenIdSettings } from "../server/users/openid/settings.js";
export { createUsers, type User, type Users, type UsersOptions } from "../server/users/users.js";
export type { Role } from "../services/declaration.js";
export {
  type Backfilled,
  createTriggers,
  type ScheduledTimes,
  type Triggers,
  type TriggersOptions,
} from "../triggers/triggers.js";
export type {
  ArmedTrigger,
  Clock,
  Fired,
  FiredResult,
  Firing,
  TriggerSource,
  TriggerState,
  TriggerStatus,
  TriggerTools,
  Watched,
} from "../triggers/types.js";
