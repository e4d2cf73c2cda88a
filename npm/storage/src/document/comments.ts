import { type Document, isCollection, isPair, isScalar, type Node, type Pair, visit } from "yaml";

/**
 * Gives each comment to the part it stands at. The parser hangs all comments before the first element of a map or list on the
 * whole, so that they would stay in front when that element moves or goes away. What stands directly above the first element
 * is the element's, what stands on the line of the key is the key's, and what an empty line separates stays with the whole.
 */
export function settleComments(document: Document.Parsed, text: string): void {
  if (isBlock(document.contents)) giveToFirst(document.contents, text);
  visit(document, {
    Pair(_, pair) {
      const { value } = pair as Pair<Node | null, Node | null>;
      if (!isBlock(value)) return;
      giveToKey(pair as Pair<Node, Node>, value, text);
      giveToFirst(value, text);
    },
    Seq(_, list) {
      for (const item of list.items) if (isBlock(item)) giveToFirst(item, text);
    },
  });
}

function isBlock(node: unknown): node is Block {
  return isCollection(node) && !node.flow && typeof node.commentBefore === "string" && Boolean(node.range);
}

type Block = Extract<Node, { items: unknown[] }> & { commentBefore: string; range: [number, number, number] };

function giveToKey(pair: Pair<Node, Node>, value: Block, text: string): void {
  const { key } = pair;
  if (!isScalar(key) || !key.range || key.comment) return;
  if (!/^[ \t]*:[ \t]+#/.test(text.slice(key.range[1], value.range[0]))) return;
  const [first = "", ...rest] = value.commentBefore.split("\n");
  key.comment = first;
  value.commentBefore = rest.join("\n");
}

function giveToFirst(block: Block, text: string): void {
  const [item] = block.items as unknown[];
  const first = (isPair(item) ? item.key : item) as Node | null | undefined;
  if (!first) return;
  const lines = block.commentBefore.split("\n");
  const own = lines.splice(lines.length - Math.min(commentsAbove(text, block.range[0]), lines.length));
  if (own.length === 0) return;
  block.commentBefore = lines.join("\n");
  first.commentBefore = first.commentBefore ? `${own.join("\n")}\n${first.commentBefore}` : own.join("\n");
}

/** How many lines directly above the one on which a block begins are comments. */
function commentsAbove(text: string, offset: number): number {
  let end = text.lastIndexOf("\n", offset - 1);
  if (offset === 0 || text.slice(end + 1, offset).trim() !== "") return 0;
  for (let count = 0; ; count++) {
    if (end < 0) return count;
    const start = end === 0 ? -1 : text.lastIndexOf("\n", end - 1);
    if (!/^[ \t]*#/.test(text.slice(start + 1, end))) return count;
    end = start;
  }
}
