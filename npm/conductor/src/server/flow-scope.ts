/** Callers for a few flows: what their role allows is theirs with these flows and their executions, and with nothing else. */
import { isObject } from "@atomiton/values";
import { flowIdOf, isRequest } from "../api/requests.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import { type Caller, isOwnFlow, type Refusal, refusalBeyond } from "./access.js";

/** Why a call is not about flows of its caller; `undefined` where it is, and for a caller of all flows. */
export type FlowScope = (
  caller: Caller | undefined,
  channel: string,
  command: string,
  args: unknown,
) => Promise<Refusal | undefined>;

/** What a call is about. */
interface About {
  flowId?: string | undefined;
  executionId?: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const ofExecution = (args: unknown): About => ({
  executionId: text(isObject(args) ? args.executionId : args),
});

/** The commands that callers for a few flows have, and what a call of each is about. Whatever is not listed is refused. */
const COMMANDS: ReadonlyMap<string, (args: unknown) => About> = new Map([
  ["conductor.execute", ofRequest],
  ["storage.loadFlow", (args: unknown): About => ({ flowId: text(isObject(args) ? args.id : undefined) })],
  ["node.getExecution", ofExecution],
  ["node.traceOfExecution", ofExecution],
  ["node.valueOfExecution", ofExecution],
  ["node.logsOfExecution", ofExecution],
  ["node.resultOfExecution", ofExecution],
  ["node.cancel", ofExecution],
  ["node.pause", ofExecution],
  ["node.resume", ofExecution],
]);

function ofRequest(args: unknown): About {
  // A flow that is sent along is not a saved one.
  if (!isObject(args) || !isRequest(args)) return {};
  return { flowId: flowIdOf(args) };
}

/** Whether a command is one that callers for a few flows may call at all. */
export function isOfFlows(channel: string, command: string): boolean {
  return COMMANDS.has(`${channel}.${command}`);
}

/** @param conductor whose executions are looked up */
export function createFlowScope({ executions, node }: Pick<MainProcessConductor, "executions" | "node">): FlowScope {
  const flowOf = async (executionId: string): Promise<string | undefined> => {
    const active = (await node.active()).find((each) => each.executionId === executionId);
    if (active !== undefined) return active.nodeId;
    return (await executions?.get(executionId).catch(() => undefined))?.flowId;
  };
  return async (caller, channel, command, args) => {
    if (caller?.flows === undefined) return undefined;
    const what = `${channel}.${command}`;
    const { flowId, executionId } = COMMANDS.get(what)?.(args) ?? {};
    const found = executionId === undefined ? flowId : await flowOf(executionId);
    return isOwnFlow(caller, found) ? undefined : refusalBeyond(caller, what);
  };
}
