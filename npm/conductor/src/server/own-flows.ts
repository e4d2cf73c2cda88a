/**
 * Flows that callers send, in the place of saved ones: those of callers below `editor` get no secrets, which a flow of one's own could
 * print.
 */
import { isObject, messageOf } from "@atomiton/values";
import { changedFlow } from "../api/durable/fork.js";
import { readExecutionFile } from "../api/replay/run-file.js";
import { isRequest } from "../api/requests.js";
import type { CallAnswer } from "../desktop/channel-server.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import { outlineOf } from "../engine/outline.js";
import { secretNamesOf } from "../engine/secret-names.js";
import type { NodeDefinition } from "../types/definition.js";
import { isErrorCode } from "../types/errors.js";
import type { ForkChanges } from "../types/fork.js";
import { allows, type Caller, type Refusal } from "./access.js";

/** Why a caller may not run the flow of a call with the secrets that it reads; `undefined` where nothing is wrong with that. */
export type OwnFlowRefusal = (
  caller: Caller | undefined,
  channel: string,
  command: string,
  args: unknown,
) => Promise<CallAnswer | Refusal | undefined>;

/** @param executions where the flows of earlier executions are */
export function ownFlowRefusal({ executions }: Pick<MainProcessConductor, "executions">): OwnFlowRefusal {
  /** The flow of an execution, and what becomes of it by changes. */
  const forked = async (executionId: string, changes: ForkChanges): Promise<NodeDefinition[]> => {
    if (executions === undefined) return [];
    const { document } = readExecutionFile(await executions.export(executionId));
    const flow = JSON.parse(document) as NodeDefinition;
    return [flow, changedFlow(flow, changes)];
  };
  return async (caller, channel, command, args) => {
    if (caller === undefined || allows(caller, "editor") || !isObject(args)) return undefined;
    try {
      const flows = await ownFlows(`${channel}.${command}`, args, forked);
      const problem = flows.map(problemOf).find((found) => found !== undefined);
      if (problem === undefined) return undefined;
      return { status: 403, error: textOf(problem, caller), code: "VALIDATION_FAILED" };
    } catch (error) {
      // What cannot be looked into is not run.
      const { code } = (error ?? {}) as { code?: unknown };
      return { error: messageOf(error), code: isErrorCode(code) ? code : "VALIDATION_FAILED", channelError: true };
    }
  };
}

async function ownFlows(
  name: string,
  args: Record<string, unknown>,
  forked: (executionId: string, changes: ForkChanges) => Promise<NodeDefinition[]>,
): Promise<NodeDefinition[]> {
  if (name === "node.execute") return [args.node as NodeDefinition];
  // The command takes nodes as well.
  if (name === "conductor.execute") return isRequest(args) ? [] : [args as unknown as NodeDefinition];
  if (name !== "node.forkExecution" || !isObject(args.changes)) return [];
  const { flow, parameters } = args.changes as ForkChanges;
  return flow == null && parameters == null ? [] : forked(String(args.executionId), args.changes as ForkChanges);
}

function problemOf(flow: NodeDefinition): string | undefined {
  const [secret] = secretNamesOf(outlineOf(flow));
  if (secret !== undefined) return `reads \`secrets.${secret}\``;
  const file = nodesIn(flow).find(({ type, parameters }) => runsFile(type, parameters));
  // A file may be one that the caller wrote.
  return file && `has the node "${String(file.id)}", which runs a flow that is not named by the id of a saved one`;
}

function* within(node: NodeDefinition): Iterable<NodeDefinition> {
  yield node;
  for (const child of node.nodes ?? []) yield* within(child);
}

function nodesIn(flow: NodeDefinition): NodeDefinition[] {
  return [...within(flow)];
}

/** Whether a node runs a flow that is not named by an id; also as a tool of a model, or in a node that is one. */
function runsFile(type: unknown, parameters: unknown): boolean {
  const given = isObject(parameters) ? parameters : {};
  if (type === "sub-flow") return !isId(given.flow);
  if (type !== "llm" || given.tools === undefined) return false;
  // What an expression stands for is not known yet.
  if (!Array.isArray(given.tools)) return true;
  return given.tools.some((tool: unknown) => {
    if (!isObject(tool)) return true;
    const { flow, node } = tool as { flow?: unknown; node?: unknown; parameters?: unknown };
    if (flow !== undefined) return !isId(flow);
    // Parameters by an expression, and a type that one gives, may be those of a node that does.
    if (!isObject(node) || typeof node.type !== "string" || node.type.includes("{{")) return true;
    if (RUNS_FLOWS.has(node.type) && mayBeGiven(RUNS_FLOWS.get(node.type) as string, tool, node.parameters))
      return true;
    return runsFile(node.type, node.parameters);
  });
}

/** The parameter of a type that names what it runs. */
const RUNS_FLOWS: ReadonlyMap<string, string> = new Map([
  ["sub-flow", "flow"],
  ["llm", "tools"],
]);

/** Whether a model may say this parameter of a tool's node, or an expression all of them: what the node itself has goes before. */
function mayBeGiven(name: string, { parameters }: { parameters?: unknown }, own: unknown): boolean {
  if (own !== undefined && !isObject(own)) return true;
  if (own !== undefined && Object.hasOwn(own, name)) return false;
  if (parameters === undefined) return false;
  if (!isObject(parameters)) return true;
  const { properties } = parameters;
  return properties !== undefined && (!isObject(properties) || Object.hasOwn(properties, name));
}

function isId(name: unknown): boolean {
  return typeof name === "string" && !/[/\\]|\{\{|\.(?:ya?ml|json)$/i.test(name);
}

function textOf(problem: string, { name, role }: Caller): string {
  return `This flow ${problem}. Below the role editor only saved flows get secrets; "${name}" has the role ${role}. An editor can save the flow, to be run by its id`;
}
