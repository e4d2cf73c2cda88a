/** Where this code runs, and what there is to link it with. */

import type { Link } from "./link/link.js";
import { createMainLink, type IpcMainLike } from "./link/main.js";
import { createBridgeLink, createRendererLink, type IpcRendererLike, type PreloadBridge } from "./link/renderer.js";

/** `main` and `renderer` are Electron's processes; a plain browser page counts as `renderer`, all else is `node`. */
export type Environment = "main" | "renderer" | "node";

interface Surroundings {
  process?: { type?: unknown; execPath?: string; getBuiltinModule?: (name: string) => unknown };
  window?: {
    atomiton?: { __bridge__?: Partial<PreloadBridge> };
    electron?: { ipcRenderer?: Partial<IpcRendererLike> };
  };
}

const surroundings = globalThis as Surroundings;

export function detectEnvironment(): Environment {
  const type = surroundings.process?.type;
  if (type === "browser") return "main";
  return type === "renderer" || surroundings.window !== undefined ? "renderer" : "node";
}

/** The link that this place offers by itself; undefined where there is no Electron. */
export function detectLink(): Link | undefined {
  const { window, process } = surroundings;
  if (process?.type === "browser") {
    const ipcMain = electron()?.ipcMain;
    return ipcMain && createMainLink(ipcMain);
  }
  const bridge = window?.atomiton?.__bridge__;
  if (bridge?.send && bridge.listen) return createBridgeLink(bridge as PreloadBridge);
  const exposed = window?.electron?.ipcRenderer;
  if (exposed?.send && exposed.on) return createRendererLink(exposed as IpcRendererLike);
  const ipcRenderer = process?.type === "renderer" ? electron()?.ipcRenderer : undefined;
  return ipcRenderer && createRendererLink(ipcRenderer);
}

/** Electron's own module, in an Electron that can load it without an import; an import would break every other place. */
function electron(): { ipcMain?: IpcMainLike; ipcRenderer?: IpcRendererLike } | undefined {
  try {
    const loader = surroundings.process?.getBuiltinModule?.("module") as typeof import("node:module") | undefined;
    // Electron answers to its name wherever it is required from: any absolute path does.
    return loader?.createRequire(surroundings.process?.execPath ?? "/")("electron");
  } catch {
    return undefined;
  }
}
