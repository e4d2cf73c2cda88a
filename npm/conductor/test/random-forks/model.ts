/** Which calls a fork must make: recursion over names and definitions, with no engine in it. */
import type { Definition } from "../contract/flows.js";
import type { RandomFork } from "./flow.js";

/**
 * The calls of a fork, out of those of a run of its flow that nothing was done before: each by the ids and rounds down to its node, as
 * in `group/loop[2]/node`.
 *
 * @param flow of the fork
 * @param calls those of the run
 * @param completed calls of the old execution that ended with an output, or with a failure that the flow dealt with
 */
export function callsOfFork(
  { flow: before, changes }: RandomFork,
  flow: Definition,
  calls: readonly string[],
  completed: ReadonlySet<string>,
): string[] {
  const anew = new Map<string, boolean>();

  /** Whether a node, or something in it, gives something else; `path` is without the flow's id. */
  const givesAnother = (path: string): boolean => {
    if (getsAnother(path)) return true;
    const [one, other] = [definition(before, path), definition(flow, path)];
    const ids = ({ nodes = [] }: Definition) => nodes.map(({ id }) => id).join();
    if (ids(one as Definition) !== ids(other as Definition)) return true;
    if (other?.nodes === undefined) return calls.includes(path) && !completed.has(path);
    const inside = new RegExp(`^${path.replace(/[[\]]/g, "\\$&")}(?:\\[\\d+\\])?/`);
    const isCalled = calls.some((call) => inside.test(call) && !completed.has(call));
    return isCalled || other.nodes.some(({ id }) => roundsOf(path).some((round) => givesAnother(`${round}/${id}`)));
  };

  /** The rounds of a loop that are known of; what is no loop has one without a number. */
  const roundsOf = (path: string): string[] => {
    const node = definition(flow, path);
    if (node?.type !== "loop") return [path];
    return ((node.parameters?.["array"] ?? []) as unknown[]).map((_, index) => `${path}[${index}]`);
  };

  /** Whether a node is another, or gets something else. */
  const getsAnother = (path: string): boolean => {
    const known = anew.get(path);
    if (known !== undefined) return known;
    const found = isAnother(path);
    anew.set(path, found);
    return found;
  };

  const isAnother = (path: string): boolean => {
    if (changes.input !== undefined) return true;
    const [one, other] = [definition(before, path), definition(flow, path)] as [Definition | undefined, Definition];
    if (one === undefined || changes.from?.includes(other.id)) return true;
    if (changes.parameters?.[other.id] !== undefined) return true;
    const own = ({ type, parameters, policy, nodes }: Definition) =>
      JSON.stringify({ type, parameters, policy, isGroup: nodes !== undefined });
    if (own(one) !== own(other)) return true;
    const cut = path.lastIndexOf("/");
    const around = cut === -1 ? "" : path.slice(0, cut).replace(/\[\d+\]$/, "");
    const [scopeBefore, scope] = [
      around === "" ? before : definition(before, around),
      around === "" ? flow : definition(flow, around),
    ];
    const edges = (of: Definition | undefined) => (of?.edges ?? []).filter(({ target }) => target === other.id);
    const ends = (of: Definition | undefined) => JSON.stringify(edges(of).map(({ id: _, ...rest }) => rest));
    if (ends(scopeBefore) !== ends(scope)) return true;
    if (around !== "" && getsAnother(around)) return true;
    const sibling = (id: string) => `${path.slice(0, cut + 1)}${id}`;
    if (edges(scope).some(({ source }) => givesAnother(sibling(source)))) return true;
    return sectionsBefore(scope as Definition, other.id).some((id) => givesAnother(sibling(id)));
  };

  return calls.filter((path) => getsAnother(path) || !completed.has(path));
}

/** The nodes of a `try` that are over before one of its sections. */
function sectionsBefore({ type, parameters, nodes = [] }: Definition, id: string): string[] {
  if (type !== "try") return [];
  const isCatch = parameters?.["catch"] === id;
  const isFinally = parameters?.["finally"] === id;
  const ids = nodes.map((node) => node.id).filter((other) => other !== id);
  if (isFinally) return ids;
  return isCatch ? ids.filter((other) => other !== parameters?.["finally"]) : [];
}

/** The node at a path, whatever the rounds in it. */
function definition(flow: Definition, path: string): Definition | undefined {
  let found: Definition | undefined = flow;
  for (const id of path.replace(/\[\d+\]/g, "").split("/")) found = found?.nodes?.find((node) => node.id === id);
  return found;
}
