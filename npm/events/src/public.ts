/** What every entry point exports besides its own `createEventManager`. */
export type { Bus } from "./bus.js";
export type { Environment } from "./environment.js";
export { EventError, type EventErrorCode, isEventError } from "./error.js";
export type {
  AnyHandler,
  EmitOptions,
  EventAnswer,
  EventContext,
  EventData,
  EventName,
  Filter,
  Handler,
  SubscribeOptions,
  Unsubscribe,
  WaitOptions,
} from "./event-map.js";
export type { EventManager, EventManagerConfig } from "./events.js";
