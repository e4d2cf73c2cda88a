/** Where in a text a JSON pointer leads. */
import type { Node as YamlNode } from "yaml";

/** From 1. */
export interface SourceLocation {
  line: number;
  column: number;
}

/**
 * Finds places in YAML or JSON. A pointer to something that is not there leads to the nearest thing around it, so that
 * a missing field is told at the object that lacks it.
 */
export async function sourceLocations(text: string): Promise<(pointer: string) => SourceLocation | undefined> {
  // Only a flow with problems needs it.
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });

  const within = (node: YamlNode | null | undefined) => (isAlias(node) ? node.resolve(document) : node);
  // Pointers start at the node, which may lie in an envelope as `data`.
  const top = within(document.contents);
  const data =
    isMap(top) && top.has("version") && !top.has("type") ? within(top.get("data", true) as YamlNode) : undefined;
  const start = isMap(data) ? data : top;

  return (pointer) => {
    let node = start;
    let offset = node?.range?.[0];
    for (const key of pointer.split("/").slice(1).map(unescaped)) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
        if (pair === undefined) break;
        offset = (pair.key as YamlNode).range?.[0] ?? offset;
        node = within(pair.value as YamlNode | null);
      } else if (isSeq(node)) {
        const item = node.items[Number(key)] as YamlNode | undefined;
        if (item === undefined) break;
        offset = item.range?.[0] ?? offset;
        node = within(item);
      } else {
        break;
      }
    }
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
}

function unescaped(key: string): string {
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}
