import Mustache from "mustache";

import { textOf } from "../data/field.js";
import { tableBehind } from "../table/table-output.js";

/**
 * Renders `{{name}}`, `{{a.b}}`, `{{#list}}…{{/list}}`, `{{^list}}…{{/list}}` and `{{{raw}}}`. `views` are searched from
 * the last to the first. Names that are nowhere give nothing. Templates are data: nothing in them is compiled or
 * called, and only own properties are seen.
 *
 * @throws Error saying what is wrong with the template.
 */
export function render(template: string, views: readonly unknown[], escape: boolean): string {
  const context = views.reduce<Scope | undefined>((parent, view) => new Scope(view, parent), undefined);
  return new Writer().render(template, context ?? new Scope({}), undefined, {
    escape: escape ? escapeHtml : textOf,
  });
}

/** Where the library itself would look up the prototype chain and call the functions it finds. */
class Scope extends Mustache.Context {
  readonly #view: unknown;
  readonly #parent: Scope | undefined;

  constructor(view: unknown, parent?: Scope) {
    super(view, parent as Mustache.Context);
    this.#view = view;
    this.#parent = parent;
  }

  override push(view: unknown): Scope {
    return new Scope(view, this);
  }

  override lookup(name: string): unknown {
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
  override unescapedValue(token: string[], context: Mustache.Context): string {
    return textOf(context.lookup(token[1] as string));
  }
}

function escapeHtml(value: unknown): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return textOf(value).replace(/[&<>"']/g, (char) => entities[char] as string);
}
