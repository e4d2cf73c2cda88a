/** What an execution needs of the node types of the process that goes on with it. */
import type { NodeExecutorFactory } from "../../engine/executables.js";
import type { NodeDefinition } from "../../types/definition.js";

/** Versions that node types declare, by type. */
export type TypeVersions = readonly (readonly [type: string, version: string])[];

/** The first type of a flow's leaves that nothing carries out. */
export function missingType(node: NodeDefinition, executables: NodeExecutorFactory | undefined): string | undefined {
  if (executables === undefined) return undefined;
  for (const type of leafTypes(node)) if (executables.getNodeExecutable(type) == null) return type;
  return undefined;
}

/** The versions of the types of a flow's leaves, of those that declare one. */
export function typeVersions(node: NodeDefinition, executables: NodeExecutorFactory | undefined): TypeVersions {
  const found: [string, string][] = [];
  for (const type of new Set(leafTypes(node))) {
    const version: unknown = executables?.getNodeExecutable(type)?.version;
    if (typeof version === "string" && version !== "") found.push([type, version]);
  }
  return found;
}

/**
 * Why an execution that began with some versions cannot go on with others: types whose major version is another one. A type that
 * declared none then, or declares none now, is not compared.
 */
export function otherVersions(id: string, begun: TypeVersions, now: TypeVersions): string | undefined {
  const versions = new Map(now);
  const others = begun.flatMap(([type, version]) => {
    const found = versions.get(type);
    if (found === undefined || majorOf(found) === majorOf(version)) return [];
    return [`version ${JSON.stringify(version)} of the node type ${type}, which is ${JSON.stringify(found)} here`];
  });
  if (others.length === 0) return undefined;
  return (
    `It began with ${others.join(", and with ")}. It goes on where the major version is the same, or on these versions by ` +
    `\`executions.resume(${JSON.stringify(id)}, { anyVersion: true })\` or \`conductor executions resume ${id} --any-version\``
  );
}

/** The number before the first dot; of a version that begins with no number all of it. */
export function majorOf(version: string): string {
  return /^v?(\d+)(?![^.+-])/.exec(version)?.[1]?.replace(/^0+(?=\d)/, "") ?? version;
}

function* leafTypes(node: NodeDefinition): Generator<string> {
  const children = node.nodes ?? [];
  for (const child of children) yield* leafTypes(child);
  if (children.length === 0 && node.parameters?.enabled !== false) yield node.type;
}
