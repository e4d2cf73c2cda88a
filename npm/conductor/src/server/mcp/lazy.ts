/** The Model Context Protocol of a server, which is loaded when the first client comes. */
import { loadedOnce } from "@atomiton/values";
import { coded } from "../../engine/failure.js";
import type { Session } from "../calls.js";
import type { McpHttp } from "./http.js";
import type { McpSource } from "./protocol.js";

/** What a server says of it. */
export type McpSetting = boolean | { flows: readonly string[] } | undefined;

/** Throws for a setting that cannot be kept. */
export function demandMcp(setting: McpSetting): void {
  if (setting === undefined || typeof setting === "boolean") return;
  const { flows, ...others } = (setting ?? {}) as { flows?: unknown };
  const isList = Array.isArray(flows) && flows.length > 0 && flows.every((id) => typeof id === "string" && id !== "");
  if (isList && Object.keys(others).length === 0) return;
  const rule = 'The setting `mcp` of a server must be true, false, or `{ flows: ["id"] }` with the ids of the tools';
  throw coded("INVALID_PARAMETERS", rule, undefined);
}

/** Clients of the protocol; `undefined` where they are not served. */
export function lazyMcp(
  setting: McpSetting,
  source: Omit<McpSource, "flows">,
  outlives: () => boolean,
): McpHttp | undefined {
  if (setting === undefined || setting === false) return undefined;
  const flows = setting === true ? undefined : setting.flows;
  let loaded: McpHttp | undefined;
  const load = loadedOnce(async () => (await import("./http.js")).createMcpHttp({ ...source, flows }, outlives));
  let isClosed = false;
  return {
    async handle(request: Request, session: Session) {
      loaded = await load();
      return isClosed ? new Response("The server ends", { status: 503 }) : loaded.handle(request, session);
    },
    endStreams: () => loaded?.endStreams(),
    close() {
      isClosed = true;
      loaded?.close();
    },
  };
}
