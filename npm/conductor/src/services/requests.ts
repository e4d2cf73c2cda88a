/** The channel that runs stored flows by their ids. */
import { type Declaration, whole } from "./declaration.js";
import { requestSchema } from "./schemas.js";

/** A conductor's `execute`, which is no method of a service: it takes nodes as well. */
export const conductor = {
  channel: "conductor",
  subject: "requests",
  size: "data",
  methods: {},
  events: {},
  commands: {
    execute: { role: "runner", wire: whole, schema: requestSchema, awaitsExecution: true },
    health: { role: "viewer" },
  },
} satisfies Declaration<object>;
