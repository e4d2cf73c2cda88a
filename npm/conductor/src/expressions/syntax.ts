/** From the source of an expression to its syntax tree, by jsep. */
import arrow from "@jsep-plugin/arrow";
import object from "@jsep-plugin/object";
import jsep, { type Expression } from "jsep";
import { ExpressionError } from "./failure.js";

jsep.plugins.register(arrow, object);

/** A node of the tree, with what the kinds that are read have. */
export interface Syntax {
  type: string;
  name?: string;
  value?: unknown;
  raw?: string;
  operator?: string;
  optional?: boolean;
  computed?: boolean;
  shorthand?: boolean;
  async?: boolean;
  object?: Syntax;
  property?: Syntax;
  callee?: Syntax;
  arguments?: Syntax[];
  argument?: Syntax;
  left?: Syntax;
  right?: Syntax;
  test?: Syntax;
  consequent?: Syntax;
  alternate?: Syntax;
  elements?: (Syntax | null)[];
  properties?: Syntax[];
  key?: Syntax;
  params?: Syntax[] | null;
  body?: Syntax;
}

/** The tree of an expression. `at` is its offset in the parameter's text. Throws {@link ExpressionError}. */
export function syntaxOf(source: string, at: number): Syntax {
  if (source.trim() === "") throw new ExpressionError("There is nothing between `${{` and `}}`", at);
  let tree: Expression;
  try {
    tree = jsep(source);
  } catch (error) {
    const { index, description } = error as { index?: number; description?: string };
    if (error instanceof RangeError) throw new ExpressionError("The expression is nested too deeply", at);
    const offset = Math.min(index ?? 0, source.length);
    const why = description ?? "It is no expression";
    throw new ExpressionError(
      `${why} (character ${offset + 1} of \`${excerpt(source)}\`). Expressions are JavaScript without statements, templates and regular expressions`,
      at + offset,
    );
  }
  return tree as unknown as Syntax;
}

/** A source as messages show it. */
export function excerpt(source: string): string {
  const text = source.trim().replace(/\s+/g, " ");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
