/** Outputs that are used again by the next run of a flow of which only a part has changed. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { AnyExecutable, NodeExecutorFactory } from "../engine/executables.js";
import { type NodeDefinition, runsInRounds } from "../types/definition.js";
import { plannedNodes } from "./dry-run.js";
import { jsonText } from "./json.js";

interface Kept {
  /** All that its output depends on, as text. */
  key: string;
  output: unknown;
}

/** What executables are called with, as far as this matters. */
type Params = { executionId?: unknown };

/** In parameters of nodes that may read what is another at each run: then they always run. */
const MAY_READ_MOMENT = /\b(?:now|run|secrets)\b/;

/** What decides whether the output of a node is used again. */
interface Dependencies {
  key: string;
  /** Paths of the nodes whose outputs reach it and the groups around it. */
  before: readonly string[];
}

/**
 * Remembers what nodes returned, for as long as neither they nor anything that they depend on changes: their definition,
 * the files that it names, and the nodes before them. Nodes in loops, and those that failed, always run, and with them
 * what comes after them.
 */
export class KeptOutputs {
  private readonly kept = new Map<string, Kept>();
  private dependencies = new Map<string, Dependencies>();
  /** Nodes that this run has run, and the groups around them. */
  private readonly ran = new Set<string>();
  /** Nodes of the run that was begun last whose outputs were used again. */
  reused = 0;

  /** Says what is to be run next. `given`: what else its nodes depend on. */
  begin(flow: NodeDefinition, given: unknown): void {
    this.dependencies = dependenciesOf(flow, jsonText(given));
    this.ran.clear();
    this.reused = 0;
    for (const [path, { key }] of this.kept) if (this.dependencies.get(path)?.key !== key) this.kept.delete(path);
  }

  /** Marks a node and the groups around it, without the rounds of loops: `each[3]/step`. */
  private markRan(path: string): void {
    const inside = path.replace(/\[\d+\]/g, "");
    for (let end = inside.length; end > 0; end = inside.lastIndexOf("/", end - 1)) this.ran.add(inside.slice(0, end));
  }

  /** Files that the flow names. */
  static filesOf(flow: NodeDefinition): string[] {
    return [...new Set(plannedNodes(flow).flatMap(({ reads }) => reads))];
  }

  /** Executables that answer with what is kept, and keep what they answer. */
  over(factory: NodeExecutorFactory): NodeExecutorFactory {
    const wrap = (executable: AnyExecutable): AnyExecutable => {
      const wrapped: AnyExecutable = {
        execute: async (params: Params) => {
          const executionId = String(params.executionId);
          const path = executionId.slice(executionId.indexOf("/") + 1);
          const on = this.dependencies.get(path);
          const known = this.kept.get(path);
          if (on !== undefined && known?.key === on.key && !on.before.some((other) => this.ran.has(other))) {
            this.reused++;
            return known.output;
          }
          this.markRan(path);
          const output = await executable.execute(params);
          if (on !== undefined) this.kept.set(path, { key: on.key, output });
          return output;
        },
      };
      const { items, effects, version } = executable;
      if (version !== undefined) wrapped.version = version;
      if (items !== undefined) wrapped.items = items.bind(executable);
      if (effects !== undefined) wrapped.effects = typeof effects === "function" ? effects.bind(executable) : effects;
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

/** For each node outside of loops, by its path: all that its output depends on. */
function dependenciesOf(flow: NodeDefinition, given: string): Map<string, Dependencies> {
  const found = new Map<string, Dependencies>();
  const definitions = new Map<string, NodeDefinition>();
  const collect = (group: NodeDefinition, above: string) => {
    for (const node of group.nodes ?? []) {
      definitions.set(`${above}${node.id}`, node);
      collect(node, `${above}${node.id}/`);
    }
  };
  collect(flow, "");
  /** What goes into a scope, by its path. */
  const around = new Map<string, Dependencies>([["", { key: given, before: [] }]]);
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
    const sources = incoming.map(({ source }) => `${path.slice(0, cut)}${source}`);
    const inputs = incoming.map((edge, at) => [
      edge.sourceHandle,
      edge.targetHandle,
      found.get(sources[at] as string)?.key,
    ]);
    const outside = around.get(scope);
    const key = hash(jsonText([own, inputs, outside?.key, reads.map(stamp)]));
    const before = [...sources, ...(outside?.before ?? [])];
    if (runsInRounds(type) || loops.has(scope)) loops.add(path);
    if (isGroup) {
      around.set(path, { key, before });
      // The key of a group is that of its definition and of all that is in it, for what comes after it.
      const group = definitions.get(path) as NodeDefinition;
      found.set(path, { key: hash(jsonText([key, group, KeptOutputs.filesOf(group).map(stamp)])), before });
    } else if (!loops.has(scope) && !MAY_READ_MOMENT.test(jsonText(own["parameters"])))
      found.set(path, { key, before });
  }
  return found;
}

/** Tells one state of a file from another. */
function stamp(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? `${file} is missing` : `${file} ${found.size} ${found.mtimeMs} ${found.ino}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
