/** Calls about all channels: which there are, and how they are doing. */
import { messageOf } from "@atomiton/values";
import type { HealthResult } from "../types/transport.js";
import { refusedCall } from "./channel-server.js";
import type { IpcEventLike, IpcHandlers, WindowLike } from "./electron.js";
import type { SenderPolicy } from "./sender.js";

/** A channel as far as it is looked at here. */
export interface ServedChannel {
  readonly name: string;
  trackWindow?(window: WindowLike): () => void;
  health?(): Promise<HealthResult>;
}

/** How all channels are doing. */
export interface ChannelsHealth {
  status: "healthy" | "degraded";
  channels: Record<string, HealthResult>;
}

/** Serves `channels:list`, `channels:health` and `channels:status`. Gives what ends that. */
export function serveOverview(
  ipcMain: IpcHandlers,
  channels: readonly ServedChannel[],
  sender: SenderPolicy,
): () => void {
  const names = () => channels.map(({ name }) => name);
  const calls: Record<string, () => unknown> = {
    "channels:list": names,
    "channels:health": () => healthOf(channels),
    "channels:status": () => ({ initialized: true, channelCount: channels.length, channels: names() }),
  };
  const handled: string[] = [];
  const remove = () => {
    for (const call of handled) ipcMain.removeHandler(call);
  };
  for (const [call, answer] of Object.entries(calls)) {
    ipcMain.handle(call, (event: IpcEventLike) => {
      const refusal = sender.refusal(event);
      return refusal === undefined ? answer() : refusedCall(refusal);
    });
    handled.push(call);
  }
  return remove;
}

async function healthOf(channels: readonly ServedChannel[]): Promise<ChannelsHealth> {
  // The logger only listens, and was never among them.
  const asked = channels.filter(({ name }) => name !== "logger");
  const found = await Promise.all(
    asked.map(async ({ name, health }) => [name, await (health?.() ?? unasked()).catch(down)] as const),
  );
  const status = found.every(([, health]) => health.status === "ok") ? "healthy" : "degraded";
  return { status, channels: Object.fromEntries(found) };
}

async function unasked(): Promise<HealthResult> {
  return { status: "ok", timestamp: Date.now() };
}

function down(error: unknown): HealthResult {
  return { status: "down", timestamp: Date.now(), message: messageOf(error) };
}
