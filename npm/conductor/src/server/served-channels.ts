/** The channels of a conductor as a server calls them: without a window, without Electron. */

import type { CallAnswer, ChannelServer } from "../desktop/channel-server.js";
import type { AuthChannelDependencies } from "../desktop/channels/auth.js";
import { createAuthChannelServer } from "../desktop/channels/auth.js";
import { createSystemChannelServer } from "../desktop/channels/system.js";
import { serveConductor } from "../desktop/conductor-channels.js";
import type { IpcEventLike, IpcHandlers } from "../desktop/electron.js";
import { DATA_LIMITS } from "../desktop/limits.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import { createRequests, type Requests } from "../desktop/requests.js";
import type { Retention } from "../desktop/result-cache.js";
import type { Triggers } from "../triggers/triggers.js";
import type { Hooks } from "./hooks/hooks.js";
import { withTriggersRefused } from "./refused-triggers.js";
import { createSecretsChannelServer } from "./secrets/channel.js";
import type { Secrets } from "./secrets/secrets.js";
import { createTriggerChannelServer } from "./triggers/channel.js";

/** What is served. */
export interface ServedChannels {
  requests: Requests;
  /** Answers a command. Never rejects. */
  call(channel: string, command: string, args: unknown): Promise<CallAnswer>;
  /** Whether events are to be told. */
  tell(isHeard: boolean): void;
  /** Serves nothing more, and stops what callers started unless it is kept. */
  close(): void;
}

type Handler = (event: IpcEventLike, ...args: unknown[]) => unknown;

/** A call tells of no frame: who calls was checked before. */
const CALL: IpcEventLike = {};

/**
 * Serves a conductor.
 *
 * @param told every event of every channel
 */
export function serveChannels(
  conductor: MainProcessConductor,
  {
    keep,
    auth,
    secrets,
    triggers,
    hooks,
    durable,
    ending,
    isForLater,
  }: {
    keep?: Retention;
    auth?: AuthChannelDependencies;
    secrets?: Secrets;
    triggers?: Triggers;
    hooks?: Hooks;
    durable: boolean;
    /** Fires once those who wait for news are to be answered. */
    ending?(): AbortSignal;
    /** Whether what is told now is for clients that come later. */
    isForLater?(): boolean;
  },
  told: (channel: string, event: string, data: unknown) => void,
): ServedChannels {
  const handlers = new Map<string, Handler>();
  const ipc: IpcHandlers = {
    handle: (name, handler) => handlers.set(name, handler),
    removeHandler: (name) => handlers.delete(name),
  };
  const send = (name: string, data: unknown) => {
    const [channel = "", event] = name.split(":event:");
    if (event !== undefined) told(channel, event, data);
  };
  const served: ChannelServer[] = [];
  const window = { webContents: { send } };
  let untrack: (() => void)[] = [];
  const made = <T extends ChannelServer>(channel: T): T => {
    served.push(channel);
    return channel;
  };
  const requests = createRequests(
    { execute: (request) => conductor.execute(request), cancel: conductor.node.cancel },
    DATA_LIMITS,
    keep,
  );
  const has = { hasTriggers: triggers !== undefined, takesHooks: hooks !== undefined };
  const nodes = conductor.nodes && withTriggersRefused(conductor.nodes, has);
  const settings = {
    ...(keep && { keep }),
    ...(nodes && { nodes }),
    ...(ending && { ending }),
    ...(isForLater && { isForLater }),
  };
  const { node } = serveConductor(ipc, conductor, requests, settings, made);
  made(createSystemChannelServer(ipc, { health: conductor.system.health }));
  if (triggers !== undefined) made(createTriggerChannelServer(ipc, triggers, hooks));
  if (secrets !== undefined) made(createSecretsChannelServer(ipc, secrets, conductor.storage));
  if (auth !== undefined) made(createAuthChannelServer(ipc, auth));

  return {
    requests,
    async call(channel, command, args) {
      const handler = handlers.get(`${channel}:call`);
      if (handler === undefined)
        return { error: `No channel ${channel} here`, code: "IMPLEMENTATION_NOT_FOUND", channelError: true };
      return (await handler(CALL, command, args)) as CallAnswer;
    },
    tell(isHeard) {
      for (const end of untrack) end();
      untrack = isHeard ? served.map((channel) => channel.trackWindow(window)) : [];
    },
    close() {
      // What a store keeps goes on at the next start.
      if (!durable) {
        requests.cancelAll();
        node.cancelAll();
      }
      requests.dispose();
      for (const channel of served) channel.dispose();
    },
  };
}
