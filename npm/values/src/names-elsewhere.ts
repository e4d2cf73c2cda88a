/** What expressions of other tools call the things that expressions of flows read. */

/** Names here by names elsewhere. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["$json", "data"],
  ["$input", "data"],
  ["json", "data"],
  ["$node", "nodes"],
  ["steps", "nodes"],
  ["$env", "env"],
  ["$vars", "variables"],
  ["vars", "variables"],
  ["$now", "now"],
  ["$itemIndex", "index"],
]);

/** What the name with which an expression of another tool begins is called here; `undefined` for any other name. */
export function nameHere(name: string): string | undefined {
  return ELSEWHERE.get(name);
}
