/** Whether nodes may run programs, as the owner of a conductor says: nothing that a flow holds can change it. */

/**
 * The property under which a node is called with what the owner says: `true` or `false`. It is a symbol, so that no parameter of
 * a flow can stand in its place, and a property of the object itself, so that it survives a copy.
 */
export const programAccess: unique symbol = Symbol.for("@atomiton/program-access") as never;

/** Why a node that would run a program does not. */
export const NO_PROGRAMS =
  "Nodes may not run programs here: the owner of the conductor forbids it, or limits `files` or `network`, to which nothing " +
  "keeps a program";

/** What can be done about it. */
export const PROGRAMS_ADVICE =
  "Have the owner set `programs: true`, where the flows are trusted as much as this process.";
