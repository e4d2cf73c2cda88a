/** The channel of secrets. No command tells what a secret is. */
import { type Declaration, named, type Zod } from "./declaration.js";

const name = (z: Zod) => z.string().max(100);

/** Its implementation are the secrets of a store. */
export const secrets: Declaration<object> = {
  channel: "secret",
  subject: "secrets",
  size: "data",
  methods: {},
  events: {},
  commands: {
    list: { role: "editor" },
    set: {
      role: "admin",
      wire: named("name", "value"),
      schema: (z) => z.strictObject({ name: name(z), value: z.string() }),
    },
    remove: { role: "admin", wire: named("name"), schema: (z) => z.strictObject({ name: name(z) }) },
  },
};
