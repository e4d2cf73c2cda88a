/** The main process of an Electron application: runs flows for its windows. */
import { join } from "node:path";
import { createPathManager, createStorage, type PathManager } from "@atomiton/storage/desktop";
import { messageOf } from "@atomiton/values";
import type { Conductor } from "../api/conductor.js";
import type { ConductorConfig } from "../api/settings.js";
import { coded } from "../engine/failure.js";
import type { ChooseExecutions, Recovery } from "../types/recovery.js";
import { type AuthChannelDependencies, createAuthChannelServer } from "./channels/auth.js";
import { createLoggerChannelServer, type Logger } from "./channels/logger.js";
import type { NodeChannelOptions } from "./channels/node.js";
import { createPathChannelServer } from "./channels/path.js";
import { createSystemChannelServer } from "./channels/system.js";
import { type ServedChannel, serveOverview } from "./channels-overview.js";
import { serveConductor } from "./conductor-channels.js";
import type { AppLike, IpcMainLike, WindowLike, WindowsLike } from "./electron.js";
import { electronMain } from "./electron-main.js";
import { DATA_LIMITS } from "./limits.js";
import { serveRequests } from "./request-wire.js";
import { createRequests, type Requests } from "./requests.js";
import { serveRpc } from "./rpc-wire.js";
import { createSenderPolicy, type SenderOptions } from "./sender.js";

/** The conductor that windows reach. */
export type MainProcessConductor = Pick<
  Conductor,
  "node" | "flow" | "storage" | "system" | "events" | "execute" | "shutdown"
> &
  Partial<Pick<Conductor, "executions" | "nodes" | "recover">>;

/** Settings of the main process; those of a conductor, such as `concurrency`, `storage` and `timeout`, go to the one that is made. */
export interface MainProcessOptions extends ConductorConfig, Pick<SenderOptions, "origins"> {
  /** Default: one is made, and shut down at the end. */
  conductor?: MainProcessConductor;
  /** Default: Electron's own, with its `app` and its windows. */
  ipcMain?: IpcMainLike;
  app?: AppLike;
  /** Electron's `BrowserWindow`. */
  windows?: WindowsLike;
  /** Whether to serve channels beside `conductor:execute`. Default `true`. */
  channels?: boolean;
  /**
   * A manager of `@atomiton/events`: requests that are emitted as `execute` on its bus `conductor` are carried out as
   * well. Who may emit there is the manager's own business, and its default is not that of the channels: give it
   * `accept: ({ frame }) => policy.refusal({ senderFrame: frame }) === undefined`, with a policy of
   * `createSenderPolicy`, to have one for both.
   */
  events?: EventManagerLike;
  /** Sessions; without it there is no channel `auth`. */
  auth?: AuthChannelDependencies;
  /** Where pages log to. Default: the console, from `warn` on. */
  logger?: Logger;
  /** Where the files of the application are. */
  paths?: PathManager;
  /**
   * Which executions of the `store` go on at the start that an earlier process left unfinished: `always` all of them, the default;
   * `never` none, so that the application calls `recover()` itself; or those whose ids a function answers with, which may ask the
   * user: see `Conductor.recover`.
   */
  recover?: RecoveryChoice;
  /** How much can be attached to after its end. */
  keep?: NodeChannelOptions["keep"];
}

/** Which executions go on at the start. */
export type RecoveryChoice = "always" | "never" | ChooseExecutions;

/** What is needed of `@atomiton/events`. */
export interface EventManagerLike {
  createBus(name: string): { on(event: string, handler: (data: never) => unknown): unknown };
}

/** What is set up. */
export interface MainProcessHandler {
  conductor: MainProcessConductor;
  /**
   * What goes on at the start, and what cannot; `undefined` without a `store`, with `recover: "never"`, and where the store cannot be
   * read, which the console says.
   */
  recovered: Promise<Recovery | undefined>;
  /**
   * Names of the channels, as `channels:list` answers them: without `conductor`, which earlier versions did not have, and whose
   * applications compare the list.
   */
  channels: string[];
  /** Tells a window of events; those of Electron are told by themselves. What is returned ends that. */
  trackWindow(window: WindowLike): () => void;
  /** Removes all that was set up, stops what runs for windows, and shuts down the conductor that was made for them. */
  cleanup(): Promise<void>;
}

/**
 * Makes `setupMainProcessHandler` for a way to make conductors. What it sets up:
 *
 * - requests on `conductor:execute`, by message and by call;
 * - flows in `<userData>/atomiton-data`, unless there is a `storage` or a `conductor`;
 * - the channels `logger`, `node`, `system`, `path`, `storage`, `flow`, `auth` if there are sessions, and `conductor`;
 * - `channels:list`, `channels:health` and `channels:status`;
 * - `conductor:node:run` and `conductor:system:health`;
 * - all windows, present and future, are told of events.
 *
 * Only pages of the application and of the `origins` may call. Throws outside of Electron's main process, unless
 * `ipcMain` is given.
 */
export function createMainProcessSetup(
  createConductor: (config: ConductorConfig) => MainProcessConductor,
): (options?: MainProcessOptions) => MainProcessHandler {
  return (options = {}) => {
    const { conductor: given, ipcMain: _, app: __, windows: ___, channels, auth, logger, paths, ...more } = options;
    const { origins = [], keep, events, recover = "always", ...config } = more;
    if (recover !== "always" && recover !== "never" && typeof recover !== "function") {
      throw coded("INVALID_PARAMETERS", "The setting `recover` must be always, never, or a function", undefined);
    }
    const { ipcMain, app, BrowserWindow } =
      options.ipcMain === undefined
        ? electronMain()
        : { ipcMain: options.ipcMain, app: options.app, BrowserWindow: options.windows };
    const sender = createSenderPolicy({ origins, ...(app !== undefined && { developing: !app.isPackaged }) });
    const storage = config.storage ?? storageOf(app);
    const conductor =
      given ??
      createConductor({
        ...config,
        transport: config.transport ?? "local",
        ...(storage !== undefined && { storage }),
      });
    const parts = new Parts();

    try {
      const requests = createRequests(
        { execute: (request) => conductor.execute(request), cancel: conductor.node.cancel },
        DATA_LIMITS,
        keep,
      );
      parts.add(() => requests.dispose());
      parts.add(serveRequests(ipcMain, requests, sender));
      if (events !== undefined) parts.add(serveBus(events, requests));
      parts.stop(() => requests.cancelAll());
      const served = channels === false ? [] : serveChannels();
      const trackWindow = (window: WindowLike) => {
        const ends = served.map((channel) => channel.trackWindow?.(window));
        return () => {
          for (const end of ends) end?.();
        };
      };
      if (served.length > 0) parts.add(followWindows(trackWindow, app, BrowserWindow));
      const isKept = config.store !== undefined && config.durability !== "off";
      return {
        conductor,
        recovered: isKept ? recovered(conductor, recover) : Promise.resolve(undefined),
        channels: served.filter(isListed).map(({ name }) => name),
        trackWindow,
        async cleanup() {
          parts.dispose();
          if (given === undefined) await conductor.shutdown();
        },
      };

      function serveChannels(): ServedChannel[] {
        const { health } = conductor.system;
        const settings = { sender, ...(keep !== undefined && { keep }) };
        const own = serveConductor(ipcMain, conductor, requests, settings, (channel) => parts.addChannel(channel));
        parts.stop(() => own.node.cancelAll());
        const application = app === undefined ? {} : { app };
        const list = [
          parts.addChannel(createLoggerChannelServer(ipcMain, logger === undefined ? {} : { logger }, { sender })),
          own.node,
          parts.addChannel(createSystemChannelServer(ipcMain, { ...application, health }, { sender })),
          parts.addChannel(
            createPathChannelServer(ipcMain, { paths: paths ?? createPathManager(application) }, { sender }),
          ),
          own.storage,
          own.flow,
          ...(auth === undefined ? [] : [parts.addChannel(createAuthChannelServer(ipcMain, auth, { sender }))]),
          own.conductor,
        ];
        parts.add(serveOverview(ipcMain, list.filter(isListed), sender));
        parts.add(serveRpc(ipcMain, { run: own.node.execute, health }, sender));
        return list;
      }
    } catch (error) {
      // Such as a second set-up: Electron refuses a second handler.
      parts.dispose();
      if (given === undefined) void conductor.shutdown();
      throw error;
    }
  };
}

function isListed({ name }: ServedChannel): boolean {
  return name !== "conductor";
}

/** Goes on with what earlier processes left unfinished, as far as that is wanted. */
async function recovered(conductor: MainProcessConductor, wanted: RecoveryChoice): Promise<Recovery | undefined> {
  if (wanted === "never") return undefined;
  try {
    return await conductor.recover?.(wanted === "always" ? undefined : wanted);
  } catch (error) {
    console.error(`[CONDUCTOR] Unfinished executions cannot go on: ${messageOf(error)}`);
    return undefined;
  }
}

/** Flows belong to the user: an application that says nothing else keeps them in its folder of the user's data. */
function storageOf(app: AppLike | undefined): unknown {
  if (app === undefined) return undefined;
  return createStorage({ type: "filesystem", basePath: join(app.getPath("userData"), "atomiton-data") });
}

/** Carries out the requests on a bus. */
function serveBus(events: EventManagerLike, requests: Requests): () => void {
  const unsubscribe = events.createBus("conductor").on("execute", (data: unknown) => requests.execute(data));
  return typeof unsubscribe === "function" ? () => unsubscribe() : () => {};
}

/** What was set up, so that exactly that is removed again. */
class Parts {
  readonly #removals: (() => void)[] = [];
  readonly #stops: (() => void)[] = [];

  add(remove: () => void): void {
    this.#removals.push(remove);
  }

  addChannel<T extends { dispose(): void }>(channel: T): T {
    this.add(() => channel.dispose());
    return channel;
  }

  /** To be done before anything is removed, so that it can still be told. */
  stop(stop: () => void): void {
    this.#stops.push(stop);
  }

  dispose(): void {
    for (const step of [...this.#stops.splice(0), ...this.#removals.splice(0).reverse()]) step();
  }
}

/** Tracks the windows that there are and those that will be. */
function followWindows(
  track: (window: WindowLike) => void,
  app: AppLike | undefined,
  windows: WindowsLike | undefined,
): () => void {
  const created = (_event: unknown, window: WindowLike) => track(window);
  for (const window of windows?.getAllWindows() ?? []) track(window);
  app?.on("browser-window-created", created);
  return () => app?.removeListener("browser-window-created", created);
}
