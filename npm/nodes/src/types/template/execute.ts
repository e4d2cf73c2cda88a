import { throwIfAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { textOf } from "../../data/field.js";
import { findData } from "../../data/input.js";
import { executable, type NodeWork } from "../../library/work.js";
import { render } from "../edit-fields/template.js";
import { missedNames, viewsOf } from "../edit-fields/views.js";
import { template as templateType } from "./definition.js";
import { type Format, htmlFormat, markdownFormat, textFormat } from "./format.js";
import { htmlPage } from "./page.js";
import { plainTable, tablesOf } from "./tables.js";

interface Parameters {
  template: string;
  format: "text" | "markdown" | "html";
  tables?: string[];
  page: boolean;
  title: string;
}

/**
 * Writes a document out of a template, which sees what those of `edit-fields` see.
 *
 * Fails with INVALID_PARAMETERS (`Bad template syntax …`, lists that are not there, too much text), TYPE_MISMATCH (tables of
 * what are no records) or CANCELLED.
 */
export const templateNode = executable<Parameters>(templateType, async (work) => {
  const { parameters, input, signal } = work;
  const { template, format, tables = [], page, title } = parameters;
  const warn = (rule: string, message: string) => work.warn(rule, message);
  throwIfAborted(signal);
  if (page && format === "text") {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`page` makes a page of HTML, and `format` is text; set it to markdown or html",
    );
  }
  const views: unknown[] = viewsOf(findData(input, ["data"]), work);
  const writing = format === "markdown" ? markdownFormat(warn) : format === "html" ? htmlFormat : textFormat;
  const style = format === "text" ? plainTable : { html: format === "html", cell: writing.write };
  const made = tablesOf(tables, views, style, warn);
  const isTable = new Set<unknown>(Object.values(made));
  if (tables.length > 0) views.push({ tables: made });
  // Braces in twos and in threes do the same for a table: it is markup, with no values in it.
  const write = (value: unknown) => (isTable.has(value) ? (value as string) : writing.write(value));
  const document = filledIn("template", template, views, write, work);
  throwIfAborted(signal);
  const finished = await (writing satisfies Format).finish(document);
  const result = page ? htmlPage(filledIn("title", title, views, textOf, work), finished) : finished;
  return { result, content: result, format: format === "text" ? "text" : "html" };
});

function filledIn(
  name: string,
  text: string,
  views: readonly unknown[],
  write: (value: unknown) => string,
  work: NodeWork<Parameters>,
): string {
  try {
    return render(
      text,
      views,
      write,
      missedNames(`\`${name}\``, (rule, message) => work.warn(rule, message)),
    );
  } catch (error) {
    throw new NodeError("INVALID_PARAMETERS", `Bad template syntax in \`${name}\`: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
