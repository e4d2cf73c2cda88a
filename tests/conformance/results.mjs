/**
 * Scenarios through the public API: the host's script becomes executables, and what comes out is the result that a
 * caller gets.
 *
 * Nothing here belongs to Node, so that the same file runs in a page. No time passes: nodes answer after as many turns
 * of the microtask queue as the script has ms, and nobody waits before another try.
 */

const ROUTED = Symbol.for("@atomiton/routed");
const CODE = Symbol.for("@atomiton/error-code");

/** How long a node takes of which nothing else is said; as in `script.mjs`. */
const USUAL_TURNS = 10;
/** Items of a scope of which nothing is said. */
const USUAL_ITEMS = 2;

/**
 * Runs a scenario by `createConductor` of any entry point; its result as JSON text.
 *
 * @param scenario with options that a conductor takes: `concurrency`, `retries`, `debug`
 */
export async function resultText(scenario, createConductor) {
  const { options = {}, host = {} } = scenario;
  const conductor = createConductor({
    transport: "local",
    concurrency: options.concurrency ?? 1,
    maxRetries: options.retries ?? 0,
    retryDelay: 0,
    nodeExecutorFactory: new Factory(host),
  });
  const result = await conductor.node.run(withoutWaits(scenario.flow), {
    executionId: "run",
    ...(options.debug !== undefined && { debug: options.debug }),
  });
  const { success, data, error, executedNodes, trace } = result;
  const told = {
    success,
    ...(data !== undefined && { data: valueText(data) }),
    ...(error !== undefined && { error: { code: error.code, nodeId: error.nodeId, message: error.message } }),
    executedNodes,
    nodes: trace?.nodes.map(nodeText),
  };
  return `${JSON.stringify(told, null, 2)}\n`;
}

/** How a node ended. How far one came that failed depends on the time that it took, which is the machine's here. */
function nodeText({ nodeId, state, progress }) {
  return state === "error" ? `${nodeId} ${state}` : `${nodeId} ${state} ${progress}`;
}

/** All types are run by the same executable, which does what the script says of the node. */
class Factory {
  #asked = new Map();

  constructor({ nodes = {}, default: usual = {} }) {
    this.nodes = nodes;
    this.usual = usual;
  }

  getNodeExecutable() {
    return this;
  }

  async execute({ executionId, input }) {
    const behaviour = this.#behaviour(executionId);
    if (behaviour.never === true) return new Promise(() => {});
    for (let turn = behaviour.after ?? USUAL_TURNS; turn > 0; turn--) await undefined;
    if (behaviour.fails !== undefined) {
      throw Object.assign(new Error(`${nameOf(executionId)} fails`), { [CODE]: behaviour.fails });
    }
    const value = { text: `${nameOf(executionId)}(${inputText(input)})` };
    return behaviour.routes === undefined ? value : Object.assign(value, { [ROUTED]: behaviour.routes });
  }

  items({ executionId }) {
    const { items = USUAL_ITEMS } = this.#behaviour(executionId);
    return Array.from({ length: items }, (_, item) => item);
  }

  /** How a node behaves this time: by its name, by that of its node, or as all do. */
  #behaviour(executionId) {
    const name = nameOf(executionId);
    const times = this.#asked.get(name) ?? 0;
    this.#asked.set(name, times + 1);
    const found = this.nodes[name] ?? this.nodes[name.replaceAll(/\[\d+\]/g, "")] ?? this.usual;
    return Array.isArray(found) ? found[Math.min(times, found.length - 1)] : found;
  }
}

/** The name that a scenario has for a node: its way from the flow, which is what the id of its execution ends with. */
function nameOf(executionId) {
  return executionId.replace(/^run\/?/, "").replaceAll(/\/(\d+)(?=\/)/g, "[$1]");
}

/** What came in, by key. */
function inputText(input) {
  const entries = Object.entries(input ?? {}).map(([key, value]) => `${key}=${valueText(value)}`);
  return entries.join(" ");
}

/** A value by the nodes that made it; an error by its code. */
function valueText(value) {
  if (Array.isArray(value)) return `[${value.map(valueText).join(" ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return value.text ?? (value.code === undefined ? `{${inputText(value)}}` : `!${value.code}`);
}

/** The same flow, whose nodes are tried again at once. */
function withoutWaits(node) {
  const { parameters, nodes } = node;
  return {
    ...node,
    ...(parameters?.retryDelay !== undefined && { parameters: { ...parameters, retryDelay: 0 } }),
    ...(nodes !== undefined && { nodes: nodes.map(withoutWaits) }),
  };
}
