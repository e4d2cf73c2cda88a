/** Outputs that are used again by the next run of a flow of which only a part has changed. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { NodeExecutable, NodeExecutorFactory } from "../engine/executables.js";
import type { NodeDefinition } from "../types/definition.js";
import { plannedNodes } from "./dry-run.js";
import { jsonText } from "./json.js";

interface Kept {
  /** All that its output depends on, as text. */
  key: string;
  output: unknown;
}

/** What executables are called with, as far as this matters. */
type Params = { executionId?: unknown };

/**
 * Remembers what nodes returned, for as long as neither they nor anything that they depend on changes: their definition,
 * the files that it names, and the nodes before them. Nodes in loops, and those that failed, always run.
 */
export class KeptOutputs {
  private readonly kept = new Map<string, Kept>();
  private keys = new Map<string, string>();
  /** Nodes of the run that was begun last whose outputs were used again. */
  reused = 0;

  /** Says what is to be run next. `given`: what else its nodes depend on. */
  begin(flow: NodeDefinition, given: unknown): void {
    this.keys = keysOf(flow, jsonText(given));
    this.reused = 0;
    for (const [path, { key }] of this.kept) if (this.keys.get(path) !== key) this.kept.delete(path);
  }

  /** Files that the flow names. */
  static filesOf(flow: NodeDefinition): string[] {
    return [...new Set(plannedNodes(flow).flatMap(({ reads }) => reads))];
  }

  /** Executables that answer with what is kept, and keep what they answer. `root`: the id of the execution. */
  over(factory: NodeExecutorFactory, root: () => string): NodeExecutorFactory {
    const wrap = (executable: NodeExecutable): NodeExecutable => {
      const wrapped: NodeExecutable = {
        execute: async (params: Params) => {
          const path = String(params.executionId).slice(root().length + 1);
          const key = this.keys.get(path);
          const known = this.kept.get(path);
          if (key !== undefined && known?.key === key) {
            this.reused++;
            return known.output;
          }
          const output = await executable.execute(params);
          if (key !== undefined) this.kept.set(path, { key, output });
          return output;
        },
      };
      if (executable.items !== undefined) wrapped.items = executable.items.bind(executable);
      return wrapped;
    };
    return {
      getNodeExecutable(type) {
        const executable = factory.getNodeExecutable(type);
        return executable === undefined ? undefined : wrap(executable);
      },
    };
  }
}

/** For each leaf outside of loops, by its path: all that its output depends on. */
function keysOf(flow: NodeDefinition, given: string): Map<string, string> {
  const keys = new Map<string, string>();
  const definitions = new Map<string, NodeDefinition>();
  const collect = (group: NodeDefinition, above: string) => {
    for (const node of group.nodes ?? []) {
      definitions.set(`${above}${node.id}`, node);
      collect(node, `${above}${node.id}/`);
    }
  };
  collect(flow, "");
  /** What goes into a scope, by its path. */
  const around = new Map<string, string>([["", given]]);
  const loops = new Set<string>();
  for (const { path, isGroup, type, reads } of plannedNodes(flow)) {
    const cut = path.length - (definitions.get(path)?.id.length ?? 0);
    const scope = path.slice(0, Math.max(0, cut - 1));
    const parent = scope === "" ? flow : (definitions.get(scope) as NodeDefinition);
    const {
      nodes: _,
      edges: __,
      position: ___,
      ...own
    } = (definitions.get(path) ?? {}) as unknown as Record<string, unknown>;
    const incoming = (parent.edges ?? []).filter(({ target }) => target === own.id);
    const before = incoming.map((edge) => [
      edge.sourceHandle,
      edge.targetHandle,
      keys.get(`${path.slice(0, cut)}${edge.source}`),
    ]);
    const key = hash(jsonText([own, before, around.get(scope), reads.map(stamp)]));
    keys.set(path, key);
    if (isGroup) around.set(path, key);
    if (type === "loop" || loops.has(scope)) loops.add(path);
    // The key of a group is that of its definition and of all that is in it, for what comes after it.
    if (isGroup)
      keys.set(
        path,
        hash(
          key +
            jsonText(definitions.get(path)) +
            KeptOutputs.filesOf(definitions.get(path) as NodeDefinition)
              .map(stamp)
              .join(),
        ),
      );
    else if (loops.has(scope)) keys.delete(path);
  }
  return keys;
}

/** Tells one state of a file from another. */
function stamp(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? `${file} is missing` : `${file} ${found.size} ${found.mtimeMs} ${found.ino}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
