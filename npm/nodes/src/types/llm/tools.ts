/** Tools of the author: what the model may call, and how that is run. */
import { unlessAborted } from "../../contract/abort.js";
import { codeOf, messageOf, NodeError } from "../../contract/error.js";
import type { InnerFlow, RunFlow } from "../../contract/executable.js";
import { type Issue, issueSentences } from "../../contract/issues.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { linearSchema } from "../../library/linear-schema.js";
import type { NodeWork } from "../../library/work.js";
import type { ToolCall } from "./answer.js";
import type { Parameters as LlmParameters } from "./chat.js";
import type { ChatMessage } from "./messages.js";
import { type Tool, toolsProblem } from "./tool-parameters.js";

/** Characters of a result that the model is told. */
const LONGEST_RESULT = 262_144;
/** Failures that are the author's, and that no other arguments would mend. */
const OF_THE_AUTHOR: ReadonlySet<string> = new Set([
  "NODE_NOT_FOUND",
  "IMPLEMENTATION_NOT_FOUND",
  "NO_EXECUTOR_FACTORY",
  "CANCELLED",
]);

/** A call with what came of it. */
export type RanCall = ToolCall & ({ result: unknown } | { error: string });

/** What the conductor is asked for. */
type Asked = [flow: string | InnerFlow, given: Parameters<RunFlow>[1]];

/** A tool whose arguments can be checked. */
interface Runnable extends Tool {
  schema: PlainObject;
  /** What is wrong with arguments. */
  check(given: unknown): string | undefined;
}

/** The tools of a node; they run by its conductor. */
export class Tools {
  readonly #tools: ReadonlyMap<string, Runnable>;
  readonly #work: NodeWork<LlmParameters>;
  readonly #run: RunFlow;
  /** How often a call of the same tool with the same arguments was run: each has a key of its own. */
  readonly #counts = new Map<string, number>();
  /** All calls so far. */
  readonly calls: RanCall[] = [];
  rounds = 0;

  private constructor(tools: ReadonlyMap<string, Runnable>, work: NodeWork<LlmParameters>, run: RunFlow) {
    this.#tools = tools;
    this.#work = work;
    this.#run = run;
  }

  /**
   * The tools of a node; `undefined` for one without.
   *
   * @throws NodeError INVALID_PARAMETERS, NO_EXECUTOR_FACTORY (called without a conductor)
   */
  static async of(work: NodeWork<LlmParameters>): Promise<Tools | undefined> {
    const { tools = [], options } = work.parameters;
    if (tools.length === 0) return undefined;
    const problem = toolsProblem(tools, options);
    if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem);
    const { runFlow } = work;
    if (runFlow === undefined) {
      throw new NodeError("NO_EXECUTOR_FACTORY", "Tools are run by a conductor, and this node was called without one");
    }
    const runnable = await Promise.all((tools as Tool[]).map(runnableOf));
    return new Tools(new Map(runnable.map((tool) => [tool.name, tool])), work, runFlow);
  }

  /** As the endpoint is told of them. */
  get told(): object[] {
    return [...this.#tools.values()].map(({ name, description, schema }) => ({
      type: "function",
      function: { name, ...(description !== undefined && { description }), parameters: schema },
    }));
  }

  /**
   * Runs what an answer calls, together, and gives the messages that tell the model so.
   *
   * @throws NodeError EXECUTION_FAILED beyond `maxRounds`; failures of the author's, such as a flow that does not exist
   */
  async answer(text: string, toolCalls: readonly ToolCall[]): Promise<ChatMessage[]> {
    const { parameters, progress, signal } = this.#work;
    const { maxRounds } = parameters;
    const names = toolCalls.map(({ name }) => name).join(", ");
    if (this.rounds >= maxRounds) {
      throw new NodeError(
        "EXECUTION_FAILED",
        `The model called tools in ${maxRounds} rounds, as many as \`maxRounds\` allows, and then wants ${names} instead of giving an answer`,
        { advice: ["Raise `maxRounds`, or say in `system` when it is to answer."], retry: false },
      );
    }
    this.rounds++;
    progress?.(Math.min(99, (100 * this.rounds) / (maxRounds + 1)), `round ${this.rounds}: ${names}`);
    const calls = withIds(toolCalls, this.rounds);
    const settled = await unlessAborted(Promise.allSettled(calls.map((call) => this.#ran(call))), signal);
    const messages: ChatMessage[] = [assistantMessage(text, calls)];
    for (const outcome of settled) {
      if (outcome.status === "rejected") throw outcome.reason;
      const call = outcome.value;
      this.calls.push(call);
      const content = "error" in call ? JSON.stringify({ error: call.error }) : textOf(call.result);
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
    return messages;
  }

  async #ran(call: ToolCall): Promise<RanCall> {
    const tool = this.#tools.get(call.name);
    if (tool === undefined) {
      const there = [...this.#tools.keys()].map((name) => `\`${name}\``).join(", ");
      return { ...call, error: `There is no tool \`${call.name}\`; there are ${there}` };
    }
    const problem = tool.check(call.arguments);
    if (problem !== undefined) return { ...call, error: `The arguments do not pass the schema: ${problem}` };
    try {
      const result = (await this.#run(...this.#asked(tool, call.arguments as PlainObject))) ?? null;
      const { length } = textOf(result);
      if (length <= LONGEST_RESULT) return { ...call, result };
      return this.#failed(call, `The result has ${length} characters, and ${LONGEST_RESULT} can be told; ask for less`);
    } catch (error) {
      if (OF_THE_AUTHOR.has(codeOf(error)) || this.#work.signal?.aborted) throw error;
      return this.#failed(call, messageOf(error));
    }
  }

  #failed(call: ToolCall, error: string): RanCall {
    this.#work.warn("tool-failed", `The tool \`${call.name}\` failed, and the model was told so: ${error}`);
    return { ...call, error };
  }

  #asked(tool: Tool, given: PlainObject): Asked {
    const input = { data: given };
    const key = this.#keyOf(tool.name, given);
    if (tool.flow !== undefined) return [tool.flow, { input, variables: tool.variables ?? {}, key }];
    const { type, parameters: own = {} } = tool.node as NonNullable<Tool["node"]>;
    // What the author wrote counts before what the model says.
    const parameters = { ...given, ...own };
    // By reference: text that came from elsewhere, the model's or that of an expression, is not read as an expression.
    const references = Object.keys(parameters).map((name) => [
      name,
      `\u0024{{ variables.parameters[${JSON.stringify(name)}] }}`,
    ]);
    const flow = {
      id: tool.name,
      type: "group",
      variables: { parameters: { type: "object" } },
      nodes: [{ id: "node", type, parameters: Object.fromEntries(references) as PlainObject }],
      edges: [],
    };
    return [flow, { input, variables: { parameters }, key }];
  }

  /** What tells runs of tools apart, the same after a restart: an answer of the model may then be another one. */
  #keyOf(name: string, given: PlainObject): string {
    const text = `${name}-${hashOf(JSON.stringify(given))}`;
    const count = (this.#counts.get(text) ?? 0) + 1;
    this.#counts.set(text, count);
    return `${text}-${count}`;
  }
}

async function runnableOf(tool: Tool): Promise<Runnable> {
  const schema = { type: "object", properties: {}, ...tool.parameters };
  let type: Awaited<ReturnType<typeof linearSchema>>;
  try {
    type = await linearSchema(schema);
  } catch (error) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`parameters\` of the tool \`${tool.name}\` cannot be checked: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const check = (given: unknown): string | undefined => {
    if (!isPlainObject(given)) return "they are no JSON object";
    // A node takes what it is told for its parameters.
    const strange = tool.node && Object.keys(given).find((name) => !Object.hasOwn(schema.properties, name));
    if (strange !== undefined) return `\`${strange}\` is not among its properties`;
    try {
      const result = type.safeParse(given);
      return result.success ? undefined : issueSentences(result.error.issues as Issue[], given);
    } catch (error) {
      return messageOf(error);
    }
  };
  return { ...tool, schema, check };
}

/** Each call with an id of its own, by which its answer names it. */
function withIds(calls: readonly ToolCall[], round: number): (ToolCall & { id: string })[] {
  const seen = new Set<string>();
  return calls.map((call, at) => {
    const id = call.id === null || call.id === "" || seen.has(call.id) ? `call_${round}_${at + 1}` : call.id;
    seen.add(id);
    return { ...call, id };
  });
}

function assistantMessage(text: string, calls: readonly ToolCall[]): ChatMessage {
  const told = calls.map(({ id, name, arguments: given }) => ({
    id,
    type: "function",
    function: { name, arguments: typeof given === "string" ? given : JSON.stringify(given) },
  }));
  return { role: "assistant", content: text === "" ? null : text, tool_calls: told };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "null");
}

/** 106 bits of a text; only runs of one node are told apart by it, and pages without encryption have no other hash. */
function hashOf(text: string): string {
  return [0, 1]
    .map((seed) => {
      let [one, other] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
      for (let at = 0; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        one = Math.imul(one ^ unit, 2654435761);
        other = Math.imul(other ^ unit, 1597334677);
      }
      one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
      other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
      return (4294967296 * (2097151 & other) + (one >>> 0)).toString(36);
    })
    .join("");
}
