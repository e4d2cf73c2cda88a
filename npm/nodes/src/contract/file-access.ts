/** Where nodes may read and write files, as the owner of a conductor says: nothing that a flow holds can change it. */

/**
 * The property under which a node is called with the owner's {@link FileAccess}. It is a symbol, so that no parameter of a flow
 * can stand in its place, and a property of the object itself, so that it survives a copy.
 */
export const fileAccess: unique symbol = Symbol.for("@atomiton/file-access") as never;

/** Where nodes of this library may read and write files. */
export interface FileAccess {
  /** Folders in which all of it stays, links followed. A relative one starts at the folder of the process. */
  readonly roots: readonly string[];
}
