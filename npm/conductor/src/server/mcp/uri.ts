/** The addresses of executions as resources. */

/** What of an execution is read. */
export type Part = "result" | "trace" | "logs";

/** An address, read. */
export interface ExecutionAddress {
  executionId: string;
  part?: Part;
  /** The node whose output is read. */
  nodeId?: string;
}

const URI = /^conductor:\/\/executions\/([^/?#]+)(?:\/(result|trace|logs)|\/values\/([^/?#]+))?$/;

/** The address of an execution, or of a part of it. */
export function executionUri(executionId: string, part?: Part): string {
  return `conductor://executions/${encodeURIComponent(executionId)}${part === undefined ? "" : `/${part}`}`;
}

/** What an address names; `undefined` for one of something else. */
export function executionAddress(uri: string): ExecutionAddress | undefined {
  const [, id, part, node] = URI.exec(uri) ?? [];
  if (id === undefined) return undefined;
  try {
    return {
      executionId: decodeURIComponent(id),
      ...(part !== undefined && { part: part as Part }),
      ...(node !== undefined && { nodeId: decodeURIComponent(node) }),
    };
  } catch {
    return undefined;
  }
}
