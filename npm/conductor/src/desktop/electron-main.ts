/** Electron itself, where an application does not hand it in. */
import { createRequire } from "node:module";
import type { AppLike, IpcMainLike, WindowsLike } from "./electron.js";

/** The parts of Electron's main process that are used. */
export interface ElectronMain {
  ipcMain: IpcMainLike;
  app?: AppLike | undefined;
  BrowserWindow?: WindowsLike | undefined;
}

/** Electron in its main process; throws anywhere else. */
export function electronMain(): ElectronMain {
  const electron = findElectron();
  if (electron === undefined) throw new Error("Main process handler requires Electron main process context");
  return electron;
}

/** Electron in its main process; `undefined` anywhere else. */
export function findElectron(): ElectronMain | undefined {
  // In plain Node the package of this name gives the path of a program, or begins to download it.
  if (process.versions.electron === undefined) return undefined;
  const electron: unknown = loadElectron();
  return isMain(electron) ? electron : undefined;
}

function loadElectron(): unknown {
  try {
    return createRequire(import.meta.url)("electron");
  } catch {
    return undefined;
  }
}

function isMain(electron: unknown): electron is ElectronMain {
  return typeof electron === "object" && electron !== null && "ipcMain" in electron && electron.ipcMain !== undefined;
}
