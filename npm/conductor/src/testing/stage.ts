/** Where flows of tests are run: a conductor whose executables are stood in for, and a look at each call. */
import { getNodeExecutable as getLibraryExecutable } from "@atomiton/nodes/executables";
import type { ConductorConfig } from "../api/settings.js";
import type { AnyExecutable, NodeExecutorFactory } from "../engine/executables.js";
import { isDefinedNode } from "../engine/own-nodes.js";
import { createNodeConductor } from "../exports/environment/node.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionResult } from "../types/execution.js";
import { type MockParams, type Mocks, MockTable, pathOf } from "./mocks.js";
import { withRecordedHttp } from "./recorded-http.js";
import { inVirtualTime, type Passing, REAL } from "./virtual-time.js";

/**
 * A node type of an application: what `defineNode` gives, whose schemas count as in any conductor, or an object with a type
 * and `execute` alone.
 */
export interface OwnNode extends AnyExecutable {
  readonly type: string;
}

/** How a flow or a node is tried. */
export interface TestOptions {
  /** What stands in for nodes: by id, by path of ids (`group/step`), or by type. One that is not used is an error. */
  mocks?: Mocks;
  /** Node types of one's own, beside those of the library. */
  nodes?: readonly OwnNode[];
  /** What the flow receives. */
  input?: Record<string, unknown>;
  variables?: Record<string, unknown>;
  /** Settings of the conductor. */
  config?: ConductorConfig;
  /** A file with answers of servers: `fetch` gives them again. Where it is missing the servers are asked, and it is written. */
  http?: string;
  /**
   * `"virtual"`, the default, lets timers fire at once when nothing else goes on: backoff, deadlines and slow motion take
   * no time. `"real"` for nodes that reach servers by other means than `fetch`.
   */
  time?: "virtual" | "real";
}

/** One call of an executable. */
export interface Call {
  /** Ids from the root's child to the node, with the number of the item in a loop: `each[3]/fetch`. */
  path: string;
  type: string;
  params: MockParams;
  /** 1, and one more with each further try. */
  attempt: number;
}

/** Carries a call out, or does something else instead. `execute` is the node's own. */
export type Around = (call: Call, execute: () => Promise<unknown>) => Promise<unknown>;

/** The id of every run of a test, so that what is derived from it is the same each time. */
const RUN_ID = "test";

/**
 * Runs a definition once, with everything that a test asked for.
 *
 * @param around does something else with calls; then mocks need not be used
 */
export async function perform<T>(
  definition: NodeDefinition,
  options: TestOptions,
  passing: Passing,
  around?: Around,
): Promise<ExecutionResult<T>> {
  if (options.http !== undefined && options.config?.network !== undefined) {
    throw new Error(
      "Recorded answers come from no address that `config.network` could allow or refuse: leave out one of both",
    );
  }
  const mocks = new MockTable(options.mocks ?? {}, definition);
  const conductor = createNodeConductor(
    configOf(options),
    () => "local",
    (found) => ({
      getNodeExecutable: executables(found, mocks, passing, around ?? asItIs),
    }),
  );
  const { input, variables } = options;
  const context = { executionId: RUN_ID, ...(input && { input }), ...(variables && { variables: { ...variables } }) };
  const run = () => passing.orStuck(conductor.node.run(mocks.inPlaceOf(definition), context));
  const result = await (options.http === undefined ? run() : withRecordedHttp(options.http, passing.hold, run));
  if (around === undefined) mocks.check();
  return result as ExecutionResult<T>;
}

/** Does what a test does in the time that it asked for. */
export function inTime<T>(time: TestOptions["time"], work: (passing: Passing) => Promise<T>): Promise<T> {
  return time === "real" ? work(REAL) : inVirtualTime(work);
}

const asItIs: Around = (_, execute) => execute();

/** Settings with the node types of a test: defined ones with their schemas, the others as executables before all else. */
function configOf({ nodes = [], config = {} }: TestOptions): ConductorConfig {
  const plain = new Map(nodes.filter((node) => !isDefinedNode(node)).map((node) => [node.type, node]));
  const { nodeExecutorFactory: given } = config;
  const defined = [...new Set([...(config.nodes ?? []), ...nodes.filter(isDefinedNode)])];
  // Where the library has all types, it checks flows as well.
  if (plain.size === 0 && given === undefined) return { ...config, nodes: defined };
  const getNodeExecutable = (type: string) =>
    plain.get(type) ?? given?.getNodeExecutable(type) ?? getLibraryExecutable(type);
  return { ...config, nodes: defined, nodeExecutorFactory: { getNodeExecutable } };
}

function executables(found: NodeExecutorFactory, mocks: MockTable, passing: Passing, around: Around) {
  return (type: string): AnyExecutable | undefined => {
    const executable = found.getNodeExecutable(type);
    if (executable === undefined && !mocks.concerns(type)) return undefined;
    const isLibrary = executable === getLibraryExecutable(type);
    const { items, effects } = executable ?? {};
    return {
      execute(params: MockParams) {
        const executionId = String(params.executionId);
        const path = executionId.slice(executionId.indexOf("/") + 1);
        const mock = mocks.find(pathOf(executionId), type);
        const call = { path, type, params, attempt: params.attempt ?? 1 };
        return around(call, async () => {
          if (mock !== undefined) return mock.execute(params);
          if (executable === undefined) throw new Error(`Nothing executes "${type}", and no mock stands for "${path}"`);
          const answer = Promise.resolve(executable.execute(params));
          // What the library does is real: files, servers, user code. Time waits for it.
          return isLibrary ? passing.hold(answer) : answer;
        });
      },
      ...(items && { items: items.bind(executable) }),
      ...(effects && { effects: typeof effects === "function" ? effects.bind(executable) : effects }),
    };
  };
}
