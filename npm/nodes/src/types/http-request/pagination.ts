/** The parameter `pagination`. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import type { Parsed } from "../../own/schema.js";
import type { httpRequest } from "./definition.js";

/** The parameter as the schema lets it pass. */
export type GivenPagination = Parsed<typeof httpRequest.parameterSchema.properties.pagination>;

/** How pages are asked for, with what is missing put in. */
export interface Pagination {
  type: GivenPagination["type"];
  /** Where the items of a page are; `undefined` where the body is the list. */
  items: string | undefined;
  /** nextUrl and cursor: where in the body the address or the cursor is. */
  place: string;
  param: string;
  in: "query" | "body";
  start: number;
  /** `undefined` for an offset that goes on by what came. */
  step: number | undefined;
  total: string | undefined;
  totalPages: string | undefined;
  maxPages: number;
  /** ms. */
  delay: number;
  retries: number;
  /** ms. */
  retryDelay: number;
}

const SHARED = ["type", "items", "maxPages", "delay", "retries", "retryDelay"];
const CARRIED = ["param", "in"];
/** The keys of each kind beside those of all. */
const KEYS: Readonly<Record<GivenPagination["type"], readonly string[]>> = {
  link: [],
  nextUrl: ["next"],
  cursor: ["cursor", ...CARRIED],
  page: ["start", "step", "total", "totalPages", ...CARRIED],
  offset: ["start", "step", "total", ...CARRIED],
};

/**
 * Reads `pagination`, whose values the schema has checked.
 *
 * @throws NodeError INVALID_PARAMETERS for a key that its kind has no use for, or that is missing
 */
export function paginationOf(given: GivenPagination): Pagination {
  const { type } = given;
  const allowed = [...SHARED, ...KEYS[type]];
  const strange = Object.keys(given).filter((key) => !allowed.includes(key));
  if (strange.length > 0) {
    throw refused(`\`pagination\` of type "${type}" may have ${allowed.join(", ")}, found ${strange.join(", ")}`);
  }
  const place = type === "nextUrl" ? given.next : type === "cursor" ? given.cursor : "";
  if (place === undefined) {
    const name = type === "nextUrl" ? "next" : "cursor";
    throw refused(`\`pagination\` of type "${type}" needs \`${name}\`, where in the body of a page it is`);
  }
  const isPage = type === "page";
  return {
    type,
    items: given.items,
    place,
    param: given.param ?? type,
    in: given.in ?? "query",
    start: given.start ?? (isPage ? 1 : 0),
    step: given.step ?? (isPage ? 1 : undefined),
    total: given.total,
    totalPages: given.totalPages,
    maxPages: given.maxPages ?? 100,
    delay: given.delay ?? 0,
    retries: given.retries ?? 2,
    retryDelay: given.retryDelay ?? 1000,
  };
}

/** @throws NodeError INVALID_PARAMETERS where the query already has what the pages are counted with */
export function checkQuery({ type, in: where, param }: Pagination, url: URL): void {
  if ((type !== "page" && type !== "offset") || where !== "query" || !url.searchParams.has(param)) return;
  throw refused(
    `The query has ${foundText(param)}, which \`pagination\` counts itself: take it out, and say with \`pagination.start\` where it begins`,
  );
}

function refused(message: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", message);
}
