/** The part of zod that is used. Imported as a whole, no bundler could leave out the rest; for Node it is built in, by this name. */
import { config, fromJSONSchema } from "zod/v4";

export { fromJSONSchema };

/**
 * Makes schemas without trying out `new Function`, as zod otherwise does: in a page that is a violation of the CSP that pages
 * ought to have.
 */
export function withoutEval<Made>(make: () => Made): Made {
  const { jitless } = config();
  if ("window" in globalThis || "WorkerGlobalScope" in globalThis) config({ jitless: true });
  try {
    return make();
  } finally {
    config({ jitless });
  }
}
