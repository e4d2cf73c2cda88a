import Mustache from "mustache";

import { NodeError } from "../contract/error.js";
import { textOf } from "../data/field.js";
import { tableBehind } from "../table/table-output.js";

/**
 * Renders `{{name}}`, `{{a.b}}`, `{{#list}}…{{/list}}`, `{{^list}}…{{/list}}` and `{{{raw}}}`. `views` are searched from
 * the last to the first. Names that are nowhere give nothing. Templates are data: nothing in them is compiled or
 * called, and only own properties are seen.
 *
 * @throws Error saying what is wrong with the template; NodeError INVALID_PARAMETERS when it takes too much: sections
 *   within sections over lists grow without end, and the main thread waits for them.
 */
export function render(template: string, views: readonly unknown[], escapes: boolean): string {
  const budget = new Budget();
  const root = new Scope({}, undefined, budget);
  const context = views.reduce<Scope>((parent, view) => new Scope(view, parent, budget), root);
  const escaped = escapes ? escapeHtml : textOf;
  return new Writer(budget).render(template, context, undefined, {
    escape: (value: unknown) => budget.spent(escaped(value)),
  });
}

/** What one rendering may take. */
class Budget {
  #left = 64 * 1024 * 1024;

  /** Counts a look-up as much as text of 32 characters, which takes about as long. */
  spend(amount = 32): void {
    this.#left -= amount;
    if (this.#left < 0)
      throw new NodeError("INVALID_PARAMETERS", "the template gives too much text or looks up too many values");
  }

  spent(text: string): string {
    this.spend(text.length);
    return text;
  }
}

/** Where the library itself would look up the prototype chain and call the functions it finds. */
class Scope extends Mustache.Context {
  readonly #view: unknown;
  readonly #parent: Scope | undefined;
  readonly #budget: Budget;

  constructor(view: unknown, parent: Scope | undefined, budget: Budget) {
    super(view, parent as Mustache.Context);
    this.#view = view;
    this.#parent = parent;
    this.#budget = budget;
  }

  override push(view: unknown): Scope {
    this.#budget.spend();
    return new Scope(view, this, this.#budget);
  }

  override lookup(name: string): unknown {
    this.#budget.spend();
    if (name === ".") return shown(this.#view);
    for (let scope: Scope | undefined = this as Scope; scope; scope = scope.#parent) {
      const value = scope.#own(name.split("."));
      if (value !== undefined) return shown(value);
    }
    return undefined;
  }

  #own(path: string[]): unknown {
    let value = this.#view;
    for (const key of path) {
      value = rows(value);
      if (typeof value === "string" && key === "length") value = value.length;
      else if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
      else value = (value as Record<string, unknown>)[key];
    }
    return rows(value);
  }
}

/** The rows of an output that is backed by a table: to a template it is a list. */
function rows(value: unknown): unknown {
  if (!tableBehind(value)) return value;
  const output = value as { records?: unknown; result?: unknown };
  return "records" in output ? output.records : output.result;
}

function shown(value: unknown): unknown {
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

/** Writes values out as text where the library would write `[object Object]`. */
class Writer extends Mustache.Writer {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    super();
    this.#budget = budget;
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.#budget.spent(textOf(context.lookup(token[1] as string)));
  }
}

function escapeHtml(value: unknown): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return textOf(value).replace(/[&<>"']/g, (char) => entities[char] as string);
}
