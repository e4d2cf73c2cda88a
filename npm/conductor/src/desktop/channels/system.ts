/** The channel about the application and its machine. */
import { arch, cpus, freemem, platform, release, totalmem, uptime } from "node:os";
import type { HealthResult } from "../../types/transport.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { AppLike, IpcHandlers } from "../electron.js";
import { findElectron } from "../electron-main.js";
import { serveChannel } from "./serve.js";

/** What the channel needs. */
export interface SystemChannelDependencies {
  /** Default: Electron's own. Outside of Electron the application can neither be restarted nor asked about itself. */
  app?: Pick<AppLike, "getPath" | "getAppPath" | "getLocale" | "getVersion" | "getName" | "relaunch" | "quit" | "exit">;
  /** How what the application runs is doing. */
  health?(): HealthResult | Promise<HealthResult>;
}

/** The channel, with its health. */
export interface SystemChannelServer extends ChannelServer {
  health(): Promise<HealthResult>;
}

/**
 * Serves `system`: `health`, `metrics`, `restart { force, delay }`, `shutdown`, `getConfig` and `getSystemInfo`.
 *
 * Events: `appRestarting` and `appShuttingDown`, before it happens.
 */
export function createSystemChannelServer(
  ipcMain: IpcHandlers,
  { app = findElectron()?.app, health: ask }: SystemChannelDependencies = {},
  options: ChannelOptions = {},
): SystemChannelServer {
  let restarting: NodeJS.Timeout | undefined;

  const health = async (): Promise<HealthResult> => {
    const found = await ask?.();
    return { status: "ok", timestamp: Date.now(), message: "IPC connection active", ...(isTrouble(found) && found) };
  };
  const demandApp = () => {
    if (app === undefined) throw new Error("This needs Electron's `app`: give it to the channel");
    return app;
  };
  const restart = ({ force, delay }: { force: boolean; delay: number }) => {
    const application = demandApp();
    clearTimeout(restarting);
    server.broadcast("appRestarting", { force, delay, timestamp: Date.now() });
    restarting = setTimeout(() => {
      application.relaunch();
      if (force) application.exit(0);
      else application.quit();
    }, delay);
    return { success: true };
  };
  const shutdown = () => {
    const application = demandApp();
    server.broadcast("appShuttingDown", { timestamp: Date.now() });
    // The answer goes out first.
    setImmediate(() => application.quit());
    return { success: true };
  };
  const config = () => {
    const application = demandApp();
    return {
      appPath: application.getAppPath(),
      userDataPath: application.getPath("userData"),
      tempPath: application.getPath("temp"),
      locale: application.getLocale(),
      version: application.getVersion(),
      name: application.getName(),
    };
  };

  const handlers = {
    health,
    metrics: () => metrics(app),
    restart,
    shutdown,
    getConfig: config,
    getSystemInfo: systemInfo,
  };
  const server = serveChannel("system", ipcMain, { handlers }, options);

  return {
    ...server,
    health,
    dispose() {
      if (restarting !== undefined) clearTimeout(restarting);
      server.dispose();
    },
  };
}

/** That the connection works is all that has to be said while nothing is wrong. */
function isTrouble(health: HealthResult | undefined): health is HealthResult {
  return health !== undefined && health.status !== "ok";
}

function metrics(app: SystemChannelDependencies["app"]) {
  const resources = process.getActiveResourcesInfo();
  const requests = resources.filter((name) => /req/i.test(name)).length;
  const { platform, arch, cpuCount, totalMemory, freeMemory } = systemInfo();
  return {
    performance: {
      /** In seconds. */
      uptime: process.uptime(),
      /** In µs. */
      cpuUsage: process.cpuUsage(),
      /** In bytes. */
      memoryUsage: process.memoryUsage(),
      activeHandles: resources.length - requests,
      activeRequests: requests,
    },
    system: { platform, arch, cpuCount, totalMemory, freeMemory },
    app: {
      name: app?.getName() ?? "",
      version: app?.getVersion() ?? "",
      electronVersion: process.versions.electron ?? "",
      nodeVersion: process.versions.node,
    },
  };
}

/** Memory in bytes, times in seconds. */
function systemInfo() {
  const processors = cpus();
  return {
    platform: platform(),
    arch: arch(),
    release: release(),
    uptime: uptime(),
    cpuCount: processors.length,
    cpuModel: processors[0]?.model ?? "",
    totalMemory: totalmem(),
    freeMemory: freemem(),
    electronVersion: process.versions.electron ?? "",
    chromeVersion: process.versions.chrome ?? "",
    nodeVersion: process.versions.node,
  };
}
