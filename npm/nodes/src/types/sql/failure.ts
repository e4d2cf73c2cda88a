/** What errors of DuckDB mean. */
import { messageOf, NodeError } from "../../contract/error.js";

/** What a query that is refused by the engine itself is told. */
const FILES_ADVICE =
  "Name files in `files` and query them by their names; the query itself reaches no file and no network.";

/** The failure of a query. Errors of DuckDB begin with their kind, such as `Binder Error: …`. */
export function queryFailure(error: unknown): unknown {
  if (error instanceof NodeError) return error;
  const text = messageOf(error);
  const [, kind] = /^([A-Z][A-Za-z ]*?) Error: /.exec(text) ?? [];
  if (kind === undefined) return error;
  const options = { cause: error, advice: adviceFor(kind, text), retry: false as const };
  if (kind === "Out of Memory") {
    return new NodeError("MEMORY_LIMIT_EXCEEDED", `The query needs more memory than it has: ${shortened(text)}`, {
      ...options,
      advice: ["Raise `memoryLimit` or `maxSpillBytes`, or let the query keep less at once."],
    });
  }
  return new NodeError("EXECUTION_FAILED", shortened(text), options);
}

/** What DuckDB says, without its remarks on settings, which a query cannot change here. */
function shortened(text: string): string {
  const [told = "", ...more] = text.split(/\n\n/);
  const place = more.find((part) => /^LINE \d+:/.test(part));
  const [line] = /^LINE \d+/.exec(place ?? "") ?? [];
  return `${told.trim()}${line === undefined ? "" : ` (${line.toLowerCase()})`}`;
}

function adviceFor(kind: string, text: string): string[] | undefined {
  switch (kind) {
    case "Permission":
      return [FILES_ADVICE];
    case "Catalog":
      return text.includes("Table with name")
        ? ["The tables are the inputs by handle and the names in `files`; check upper case, spaces and quotes."]
        : undefined;
    case "Conversion":
      return ["`try_cast(value as type)` gives null for what cannot be converted; `types: text` keeps all cells text."];
    default:
      return undefined;
  }
}
