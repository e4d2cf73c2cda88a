/**
 * A quick look at arguments of `execute`. The schema says what is wrong with them, but takes ten times as long to say that
 * nothing is, and nearly always nothing is.
 */

/** What the schema allows at most. */
export interface ShapeLimits {
  /** Length of an execution id. */
  id: number;
  /** In ms. */
  slowMo: number;
}

/** Whether the schema is sure to accept arguments. Unusual ones it may accept all the same. */
export function isPlainlyValid(args: unknown, limits: ShapeLimits): boolean {
  return isObject(args) && isNode(args.node) && isContext(args.context, limits);
}

function isNode(node: unknown): boolean {
  if (!isObject(node)) return false;
  const { id, type, version, parentId, name, position, metadata, parameters, nodes, edges } = node;
  return (
    isName(id) &&
    isName(type) &&
    isText(version) &&
    isText(parentId) &&
    isText(name) &&
    (position === undefined || isPosition(position)) &&
    (metadata === undefined || isMetadata(metadata)) &&
    (parameters === undefined || isObject(parameters)) &&
    (nodes === undefined || (Array.isArray(nodes) && nodes.every(isNode) && !hasHoles(nodes))) &&
    (edges === undefined || (Array.isArray(edges) && edges.every(isEdge) && !hasHoles(edges)))
  );
}

function isEdge(edge: unknown): boolean {
  if (!isObject(edge)) return false;
  const { id, source, target, sourceHandle, targetHandle } = edge;
  return (
    isText(id) &&
    typeof source === "string" &&
    typeof target === "string" &&
    (sourceHandle === null || isText(sourceHandle)) &&
    (targetHandle === null || isText(targetHandle))
  );
}

function isPosition(position: unknown): boolean {
  return isObject(position) && Number.isFinite(position.x) && Number.isFinite(position.y);
}

function isMetadata(metadata: unknown): boolean {
  if (!isObject(metadata)) return false;
  const { description, category, tags, icon, color } = metadata;
  return (
    isText(description) &&
    isText(category) &&
    (tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string") && !hasHoles(tags))) &&
    isText(icon) &&
    isText(color)
  );
}

function isContext(context: unknown, limits: ShapeLimits): boolean {
  if (context === undefined) return true;
  if (!isObject(context)) return false;
  const { nodeId, executionId, variables, input, slowMo, debug } = context;
  return (
    isText(nodeId) &&
    (executionId === undefined || (typeof executionId === "string" && executionId.length <= limits.id)) &&
    (variables === undefined || isObject(variables)) &&
    (input === undefined || isObject(input)) &&
    (slowMo === undefined || (typeof slowMo === "number" && slowMo >= 0 && slowMo <= limits.slowMo)) &&
    (debug === undefined || typeof debug === "boolean")
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

/** `every` passes over them. */
function hasHoles(list: unknown[]): boolean {
  for (let index = 0; index < list.length; index++) if (list[index] === undefined) return true;
  return false;
}
