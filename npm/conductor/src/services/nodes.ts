/** The service that tells which node types flows can have. */
import type { NodeTypeDetails, NodeTypeEntry } from "../types/node-type.js";
import { type Declaration, named } from "./declaration.js";

/** Tells which node types flows can have where they run. */
export interface NodesApi {
  /**
   * The types that there are: those of the library in the order of the catalogue, then those of the application. Types that
   * only a `nodeExecutorFactory` knows are not among them, as nothing describes them.
   */
  list(): Promise<NodeTypeEntry[]>;
  /** All that is known of a type. Rejects with NODE_NOT_FOUND for one that there is not. */
  get(type: string): Promise<NodeTypeDetails>;
}

/** Characters of the name of a type. */
const LONGEST_TYPE = 256;

/** Its commands stand in the channel `node`. */
export const nodes: Declaration<NodesApi> = {
  channel: "node",
  subject: "node types",
  size: "data",
  methods: {
    list: { command: "listTypes", role: "viewer" },
    get: {
      command: "getType",
      role: "viewer",
      wire: named("type"),
      schema: (z) => z.object({ type: z.string().min(1).max(LONGEST_TYPE) }),
    },
  },
  events: {},
};
