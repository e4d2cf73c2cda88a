/** A blank, a comment or a bracket, as they may stand before the first word. Comments inside comments are not looked for. */
const BEFORE_WORD = /\s+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|\(/y;
const QUERY_WORD = /(?:select|with|values|table)\b/iy;

/**
 * Whether a statement is clearly a query, by its first word. What `with` might change is refused when it runs: `operation: query`
 * is carried out in a transaction that may change nothing. Functions that act by themselves, such as `pg_notify`, are not seen.
 */
export function isQuery(sql: unknown): boolean {
  if (typeof sql !== "string") return false;
  let at = 0;
  for (;;) {
    BEFORE_WORD.lastIndex = at;
    if (!BEFORE_WORD.test(sql)) break;
    at = BEFORE_WORD.lastIndex;
  }
  QUERY_WORD.lastIndex = at;
  return QUERY_WORD.test(sql);
}
