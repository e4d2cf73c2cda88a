/** The answer to what began a run, such as a request, where that waits for one. */

/** An answer. */
export interface Answer {
  /** Of HTTP. */
  status: number;
  headers: Readonly<Record<string, string | readonly string[]>>;
  /** Text and bytes go out as they are, anything else as JSON, `null` as nothing. */
  body: unknown;
}

/** Takes the answer; gives whether it was the first one, which is sent. */
export type Responder = (answer: Answer) => boolean;

/**
 * The property under which a node finds what takes its answer; missing where nothing waits for one. It is a symbol, so that no
 * parameter of a flow can stand in its place.
 */
export const responder: unique symbol = Symbol.for("@atomiton/responder") as never;
