/** What `state-files.ts` is in a page, where the build puts this in its place: there is no folder to keep states in. */
import { TransportError } from "../transports/failure.js";

/** Cannot be made. */
export class StateFiles {
  /** @throws TransportError `NO_TRANSPORT` */
  constructor() {
    throw new TransportError(
      "NO_TRANSPORT",
      "A page has no files to keep states of executions in. Leave persistState away, or keep them where Node runs",
    );
  }
}
