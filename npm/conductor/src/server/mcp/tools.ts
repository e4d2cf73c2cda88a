/** Which flows of a conductor are tools. */
import { messageOf } from "@atomiton/values";
import { createLog } from "../../engine/log.js";
import type { FlowList, SavedFlow } from "../../types/flow.js";
import type { Session } from "../calls.js";
import { type Ask, isNotFound } from "./ask.js";
import { type FlowTool, saysTool, toolOf, withOwnNames } from "./tool.js";

/** The tools of a server. */
export interface Tools {
  /** All of them, as this caller sees them. Flows that cannot be tools are left out, and said on the log once. */
  list(session: Session): Promise<FlowTool[]>;
  /** The tool of this name, as its flow is now; `undefined` where no tool has it. */
  find(session: Session, name: string): Promise<FlowTool | undefined>;
}

/** Flows that are listed at once. */
const PAGE = 1000;

/**
 * @param chosen ids of the flows that are tools; without, those are whose metadata says so
 */
export function createTools(ask: Ask, chosen: readonly string[] | undefined): Tools {
  /** What was found in flows, which are read again only where they have changed. */
  let known = new Map<string, { updatedAt: string; tool: FlowTool | undefined }>();
  const told = new Set<string>();
  const warn = (message: string) => {
    if (told.has(message)) return;
    told.add(message);
    createLog().warn(`[MCP] ${message}`);
  };
  const found = async (session: Session, id: string): Promise<FlowTool | undefined> => {
    const flow = await loaded(session, id);
    if (flow === undefined || (chosen === undefined && !saysTool(flow))) return undefined;
    try {
      return toolOf(flow);
    } catch (error) {
      warn(messageOf(error));
      return undefined;
    }
  };
  /** A flow; one that was deleted, or that its owner misspelt, is not there. */
  const loaded = async (session: Session, id: string): Promise<SavedFlow | undefined> => {
    try {
      return (await ask(session, "storage", "loadFlow", { id })) as SavedFlow;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (chosen !== undefined) warn(`There is no flow ${JSON.stringify(id)} that could be a tool`);
      return undefined;
    }
  };
  const marked = async (session: Session): Promise<(FlowTool | undefined)[]> => {
    const tools: (FlowTool | undefined)[] = [];
    const seen: typeof known = new Map();
    for (let offset = 0; ; offset += PAGE) {
      const page = { limit: PAGE, offset, sortBy: "name", sortOrder: "asc" };
      const { flows, total } = (await ask(session, "storage", "listFlows", page)) as FlowList;
      for (const { id, updatedAt } of flows) {
        const before = known.get(id);
        const tool = before?.updatedAt === updatedAt ? before.tool : await found(session, id);
        seen.set(id, { updatedAt, tool });
        tools.push(tool);
      }
      if (flows.length === 0 || offset + flows.length >= total) break;
    }
    known = seen;
    return tools;
  };
  /** The flows of the tools that were listed last, by the names that these had then, with those that they asked for. */
  let named = new Map<string, { flowId: string; asked: string }>();
  const list = async (session: Session): Promise<FlowTool[]> => {
    const all =
      chosen === undefined
        ? await marked(session)
        : await Promise.all([...new Set(chosen)].map((id) => found(session, id)));
    const tools = all.filter((tool) => tool !== undefined);
    const own = withOwnNames(tools);
    named = new Map(own.map(({ name, flowId }, index) => [name, { flowId, asked: tools[index]?.name ?? name }]));
    return own;
  };
  return {
    list,
    async find(session, name) {
      const { flowId, asked } = named.get(name) ?? {};
      // One flow is read sooner than all are listed.
      const tool = flowId === undefined ? undefined : await found(session, flowId);
      if (tool !== undefined && tool.name === asked) return { ...tool, name };
      return (await list(session)).find((one) => one.name === name);
    },
  };
}
