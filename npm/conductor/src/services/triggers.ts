/** The channel of triggers: what begins executions of saved flows. */
import { type Declaration, named, type Zod } from "./declaration.js";
import { LONGEST_FLOW_ID, LONGEST_ID } from "./schemas.js";

const triggerRef = (z: Zod) => ({ flowId: z.string().max(LONGEST_FLOW_ID), nodeId: z.string().max(LONGEST_ID) });

/** A moment in ms since the epoch, or in ISO 8601. */
export const moment = (z: Zod) =>
  z
    .union([z.number(), z.iso.datetime({ offset: true })])
    .transform((at) => (typeof at === "number" ? at : Date.parse(at)));

/** Its implementation are the triggers of a server. */
export const triggers: Declaration<object> = {
  channel: "trigger",
  subject: "triggers",
  size: "words",
  methods: {},
  events: {},
  commands: {
    list: { role: "viewer" },
    times: {
      role: "viewer",
      wire: named("from", "to"),
      schema: (z) => z.strictObject({ from: moment(z), to: moment(z) }),
    },
    fire: {
      role: "runner",
      wire: named("flowId", "nodeId", "data"),
      schema: (z) => z.strictObject({ ...triggerRef(z), data: z.record(z.string(), z.unknown()).optional() }),
    },
    testAddress: { role: "editor", wire: named("flowId", "nodeId"), schema: (z) => z.strictObject(triggerRef(z)) },
    backfill: {
      role: "editor",
      wire: named("flowId", "nodeId", "from", "to"),
      schema: (z) => z.strictObject({ ...triggerRef(z), from: moment(z), to: moment(z) }),
      awaitsExecution: true,
    },
  },
};
