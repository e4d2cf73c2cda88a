import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { comparisonOf, type OrderBy } from "../../data/ordering.js";
import { sortedPositions } from "../../data/positions.js";
import { demandDifferent, missingFields, rowsOf, tableOf } from "../../data/rows.js";
import type { Platform } from "../../library/platform.js";
import { executable } from "../../library/work.js";
import { attachTable } from "../../table/table-output.js";
import { sort } from "./definition.js";

interface Parameters {
  by: OrderBy[];
}

/**
 * Orders rows, as `{result, count}`; they are handed on by reference. A native table is ordered natively where the platform allows it,
 * with the same result, and stays one.
 *
 * Fails with TYPE_MISMATCH (no records, a value that is not of the kind asked for, or has no order), INVALID_PARAMETERS
 * (nothing to order by), CANCELLED.
 */
export function sortNode(platform: Platform): NodeExecutable {
  return executable<Parameters>(sort, async (work) => {
    const { by } = work.parameters;
    const fields = by.map(({ field }) => field);
    if (by.length === 0) throw new NodeError("INVALID_PARAMETERS", "`by` is empty; name one field at least");
    demandDifferent(fields, "by");
    const table = platform.sortTable && tableOf(work.input);
    const sorted = table && (await platform.sortTable?.(table, by, work));
    if (sorted) return Object.assign(attachTable({}, "result", sorted), { count: sorted.rowCount });
    const rows = rowsOf(work.input);
    const { signal } = work;
    const warn = (rule: string, message: string) => work.warn(rule, message);
    for (const { message } of missingFields(rows, fields, "by")) warn("missing-field", message);
    const compare = await comparisonOf(rows, by, signal, warn);
    const positions = await sortedPositions(rows.length, compare, signal);
    return { result: Array.from(positions, (position) => rows[position]), count: rows.length };
  });
}
