/**
 * Every service in one table, by name. The router of a conductor, the stubs over transports, the channels of a desktop
 * application and its preload script all come from it: a new method is an entry here, in the file of its service, and its
 * implementation.
 */
import { type AuthApi, auth } from "./auth.js";
import type { Command, Declaration, Method, Subscription } from "./declaration.js";
import { type ExecutionsApi, executions } from "./executions.js";
import { type FlowApi, flow } from "./flow.js";
import { type NodeApi, node } from "./node.js";
import { type NodesApi, nodes } from "./nodes.js";
import { conductor } from "./requests.js";
import { type StorageApi, storage } from "./storage.js";
import { logger, path, type SystemApi, system } from "./system.js";

/** What callers hold, by name. Every method works without its object. */
export interface Services {
  node: NodeApi;
  nodes: NodesApi;
  executions: ExecutionsApi;
  flow: FlowApi;
  storage: StorageApi;
  auth: AuthApi;
  system: SystemApi;
}

/** A service by its name. */
export type ServiceName = keyof Services;

/** The services that callers hold. */
export const SERVICES: { readonly [Name in ServiceName]: Declaration<Services[Name]> } = {
  node,
  nodes,
  executions,
  flow,
  storage,
  auth,
  system,
};

/** All that stands in a channel. */
const DECLARATIONS: readonly Declaration<object>[] = [...Object.values(SERVICES), path, logger, conductor];

/** The methods of a service by name. */
export function methodsOf(service: Declaration<never>): [name: string, method: Method][] {
  return Object.entries(service.methods);
}

/** The methods of a service that listen, by name. */
export function listenersOf(service: Declaration<never>): [name: string, subscription: Subscription][] {
  return Object.entries(service.events);
}

/** What a service has of an object that has more: its methods and listeners. */
export function serviceOf<Api extends object>(service: Declaration<Api>, from: Api): Api {
  const names = [...methodsOf(service), ...listenersOf(service)].map(([name]) => name as keyof Api);
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Api;
}

/** Where a method's command stands. */
export function commandOf(service: Declaration<never>, name: string, { command = name }: Method): [string, string] {
  return typeof command === "string" ? [service.channel, command] : [command[0], command[1]];
}

/** A command, with the method that it carries out; without one it belongs to the wire alone. */
export interface ChannelCommand extends Command {
  method?: string;
}

/** An event, with the method that listens to it; without one the channel tells it by itself. */
export interface ChannelEvent extends Pick<Subscription, "role"> {
  listener?: string;
}

/** What stands in a channel. */
export interface Channel {
  size: Declaration<object>["size"];
  commands: Map<string, ChannelCommand>;
  events: Map<string, ChannelEvent>;
  messages: Map<string, Command>;
}

/** Every channel by name. */
export const CHANNELS: ReadonlyMap<string, Channel> = channelsOf(DECLARATIONS);

/** The channels of services by name. */
export function channelsOf(declarations: readonly Declaration<object>[]): Map<string, Channel> {
  const found = new Map<string, Channel>();
  for (const service of declarations) {
    const { channel, size, commands = {}, notices = {}, messages = {} } = service;
    const entry = found.get(channel) ?? { size, commands: new Map(), events: new Map(), messages: new Map() };
    found.set(channel, entry);
    for (const [name, method] of methodsOf(service)) {
      const [at, command] = commandOf(service, name, method);
      if (at === channel) entry.commands.set(command, { ...method, method: name });
    }
    for (const [name, command] of Object.entries(commands)) entry.commands.set(name, command);
    for (const [name, message] of Object.entries(messages)) entry.messages.set(name, message);
    for (const [name, notice] of Object.entries(notices)) entry.events.set(name, notice);
    // The events of `flow` are those of `node`.
    if (service === flow) continue;
    for (const [listener, { event, role }] of listenersOf(service)) entry.events.set(event, { role, listener });
  }
  return found;
}
