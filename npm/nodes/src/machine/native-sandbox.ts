import type { Sandbox, ScriptSource } from "../sandbox/sandbox.js";
import { inTurn } from "../sandbox/turns.js";
import { cancellable } from "../table/addon.js";

/** ms after which an engine is given up at the earliest: the worker pool has other work as well. */
const LEAST_PATIENCE = 1000;

/** The engine of the native addon. It runs on Node's worker pool. */
export const nativeSandbox: Sandbox = {
  runOverItems: (source, work, items, signal) =>
    callInTurn(source, signal, (addon, cancel) =>
      isTable(items)
        ? addon.runScriptOnTable(source, work, items, cancel)
        : addon.runScript(source, work, [...items], cancel),
    ),
  evaluate: (source, values, tables, signal) =>
    callInTurn(source, signal, (addon, cancel) =>
      addon.evaluateScript(
        source,
        values,
        tables.map(({ path }) => path),
        tables.map(({ table }) => table),
        cancel,
      ),
    ),
};

/** Calls the engine when a worker is free, and gives it up when it does not come back. */
export function callInTurn<T>(
  { name, timeoutMs }: ScriptSource,
  signal: AbortSignal | undefined,
  call: Parameters<typeof cancellable<T>>[1],
): Promise<T> {
  return inTurn(() => cancellable(signal, call), Math.max(2 * timeoutMs, LEAST_PATIENCE), name);
}

function isTable<T extends object>(items: readonly unknown[] | T): items is T {
  return !Array.isArray(items);
}
