/**
 * The node library in a web page. Types that work on data and talk HTTP run in the page; those that need files or
 * programs are found and fail with NO_TRANSPORT. A type's code is loaded when it is first executed.
 */
import { loadedOnce } from "@atomiton/values";
import { machineOnly } from "./browser/machine-only.js";
import type { NodeExecutable } from "./contract/executable.js";
import { factoriesOf, lazily, type NodeFactory } from "./library/registry.js";
import { executablesAnywhere } from "./types/anywhere.js";
import { withEffects } from "./types/effects.js";
import { MACHINE_ONLY } from "./types/machine-types.js";

export { type Effects, type EffectsOf, effectsOf } from "./contract/effects.js";
export { codeOf, errorCode, NodeError, type NodeErrorCode } from "./contract/error.js";
export type {
  Ask,
  LoopItems,
  LoopRounds,
  NodeExecutable,
  NodeParams,
  NodeQuestion,
  RunFlow,
  Sleep,
} from "./contract/executable.js";
export { type FiredTrigger, type FiringInput, firingOf, triggered } from "./contract/firing.js";
export type { Answer, Responder } from "./contract/responder.js";
export { isRouted, routed, routesOf } from "./contract/routed.js";
export * from "./definitions.js";
export type { NodeFactory } from "./library/registry.js";
export {
  type DefinedNode,
  type DefinedTypes,
  defineNode,
  type NodeCall,
  type NodeLog,
  type NodeTypeDefinition,
} from "./own/define-node.js";
export type { AnySchema, JsonSchema, Parsed, StandardSchema, Written } from "./own/schema.js";

/**
 * The executables by type, for a worker that does not bring WebAssembly modules itself: its page sends what {@link quickJs} and
 * {@link typeScript} give.
 *
 * @param quickJs gives QuickJS; asked whenever user code is to run, so it should keep what it gave
 * @param typeScript the same for what reads TypeScript
 * @param further types that a page runs itself, so that workers need not bring what they stand on
 */
export function executablesWith(
  quickJs: () => Promise<WebAssembly.Module>,
  typeScript: () => Promise<WebAssembly.Module>,
  further: readonly (readonly [string, NodeExecutable])[] = [],
): Map<string, NodeExecutable> {
  const platform = loadedOnce(async () => (await import("./browser/platform.js")).createPage(quickJs, typeScript));
  return withEffects([
    ...executablesAnywhere({
      // One for all types, which share its workers.
      platform,
      network: async () => (await import("./browser/network.js")).pageNetwork,
    }),
    ...further,
    ...MACHINE_ONLY.map((type) => [type, machineOnly(type)] as const),
  ]);
}

/**
 * The engine of user code, compiled when it is first wanted. It can be sent to workers.
 *
 * @throws NodeError INTERNAL_ERROR where there can be no WebAssembly: a page does not allow it, or a runtime has none
 */
export async function quickJs(): Promise<WebAssembly.Module> {
  return (await import("./browser/quickjs-module.js")).quickJsModule();
}

/**
 * What reads TypeScript, compiled when it is first wanted. It can be sent to workers.
 *
 * @throws NodeError INTERNAL_ERROR where there can be no WebAssembly
 */
export async function typeScript(): Promise<WebAssembly.Module> {
  return (await import("./browser/typescript-module.js")).typeScriptModule();
}

// A bundle that uses nothing of the sandbox has no QuickJS in it: that is what the marks below are for.

/** The executables by type. */
export const nodeExecutableRegistry: Map<string, NodeExecutable> = /* @__PURE__ */ executablesWith(
  quickJs,
  typeScript,
  [["wasm", /* @__PURE__ */ lazily(loadWasm)]],
);

async function loadWasm(): Promise<NodeExecutable> {
  const [{ wasmPageNode }, { pageNetwork }] = await Promise.all([
    import("./types/wasm/page.js"),
    import("./browser/network.js"),
  ]);
  return wasmPageNode(pageNetwork);
}

/**
 * The executables as an object: `nodes[type]` executes, `nodes[type](parameters)` is one with parameters of its own. It
 * inherits nothing: `nodes["constructor"]` is `undefined`.
 */
export const nodes: Readonly<Record<string, NodeFactory>> = /* @__PURE__ */ factoriesOf(nodeExecutableRegistry);

/** The executable of a type; `undefined` for a type this library does not have. */
export function getNodeExecutable(type: string): NodeExecutable | undefined {
  return nodeExecutableRegistry.get(type);
}
