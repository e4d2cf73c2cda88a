import type { NodeProgressEvent } from "@atomiton/conductor/slim";
import type { Run } from "./use-flow-run.ts";

/** What a card says of its node, apart from the name. */
export interface NodeState {
  /** As the conductor has it; `stopped` are those whose work ended because of something else. */
  kind: NodeProgressEvent["nodes"][number]["state"] | "stopped";
  text: string;
  /** 0–100. */
  progress: number;
  isCritical: boolean;
  /** Why it failed, in words. */
  error?: string;
}

const WORDS: Record<NodeState["kind"], string> = {
  pending: "Waiting",
  executing: "Running",
  completed: "Done",
  error: "Failed",
  skipped: "Skipped",
  stopped: "Stopped",
};

const NOTHING_YET: NodeState = { kind: "pending", text: "Not run", progress: 0, isCritical: false };

/** The states of all nodes that take part in a run, by id. */
export function nodeStates({ status, progress, result }: Run): (id: string) => NodeState {
  const critical = new Set(progress?.graph.criticalPath);
  const states = new Map(
    progress?.nodes.map((node) => {
      // A failure or a cancel stops the others that are at work. Only the node that the error names is to blame.
      const isBystander = node.state === "error" && result?.error !== undefined && result.error.nodeId !== node.id;
      const kind = isBystander ? "stopped" : node.state;
      const word = kind === "pending" && status !== "running" ? "Not reached" : WORDS[kind];
      const text = [word, kind === "executing" ? `${Math.round(node.progress)} %` : duration(node.duration)];
      return [
        node.id,
        {
          kind,
          text: text.filter(Boolean).join(" · "),
          progress: kind === "skipped" ? 0 : node.progress,
          isCritical: critical.has(node.id),
          ...(kind === "error" && node.error !== undefined && { error: node.error }),
        },
      ] satisfies [string, NodeState];
    }),
  );
  return (id) => states.get(id) ?? NOTHING_YET;
}

/** A duration in ms for people; nothing for nothing. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}
