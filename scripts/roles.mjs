/** Who may what at a server, as tables: of the description that a server gives of itself, which is made of the declarations. */

const ROLES = ["viewer", "runner", "editor", "admin"];

/** Between these lines of `docs/security.md` the tables stand. */
const MARKS = ["<!-- written by `npm run docs` -->", "<!-- until here -->"];

/** The page with its tables as they are now. */
export async function withRoles(page) {
  const [begin, end] = MARKS.map((mark) => page.indexOf(mark));
  if (begin < 0 || end < begin) throw new Error(`docs/security.md has to have the lines ${MARKS.join(" and ")}`);
  return `${page.slice(0, begin + MARKS[0].length)}\n\n${await tables()}\n\n${page.slice(end)}`;
}

/**
 * The operations of a description, each with the least role that may ask for it: `anyone`, or `sender` where a webhook says who may send.
 * Of the address of all commands there is one for each command, with its `channel` and `command`.
 *
 * @throws Error for an operation that does not say who may ask for it
 */
export function operationsOf({ paths }) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`;
      const commands = operation["x-commands"];
      if (commands === undefined) return [{ name, method, path, least: leastOf(name, operation) }];
      return Object.entries(commands).flatMap(([channel, roles]) =>
        Object.entries(roles).map(([command, least]) => ({
          name: `${channel}.${command}`,
          method,
          path: path.replace("{channel}", channel).replace("{command}", command),
          least: known(`${channel}.${command}`, least),
          channel,
          command,
        })),
      );
    }),
  );
}

function leastOf(name, { "x-role": role, security }) {
  if (role === undefined && security?.length === 0) return "anyone";
  const isUpToWebhook = /^[A-Z]+ \S*\/hooks\/\{path\}$/.test(name) && role === undefined && security !== undefined;
  return isUpToWebhook ? "sender" : known(name, role);
}

function known(name, least) {
  if (ROLES.includes(least) || least === "anyone") return least;
  throw new Error(`${name} does not say who may ask for it, by \`x-role\` or \`security: []\``);
}

async function tables() {
  const operations = operationsOf(await description());
  const names = (found) => found.map(({ name }) => `\`${name}\``).join(", ");
  const requests = [...ROLES, "anyone"].map((role) => {
    const found = operations.filter(({ least, command }) => least === role && command === undefined);
    return `| ${role} | ${names(found)} |`;
  });
  const channels = new Set(operations.flatMap(({ channel }) => channel ?? []));
  const rows = [...channels].map((name) => {
    const of = (role) => operations.filter(({ channel, least }) => channel === name && least === role);
    const cells = [...ROLES, "anyone"].map((role) =>
      of(role)
        .map(({ command }) => command)
        .join(", "),
    );
    return `| \`${name}\` | ${cells.join(" | ")} |`;
  });
  return [
    "| the least role | requests |",
    "| --- | --- |",
    ...requests,
    "",
    `| channel of commands | ${ROLES.join(" | ")} | anyone |`,
    `| --- | ${ROLES.map(() => "---").join(" | ")} | --- |`,
    ...rows,
  ].join("\n");
}

/** What a server says of itself that has all but webhooks and an issuer, who have rules of their own. */
async function description() {
  const { createConductor } = await import("@atomiton/conductor/node");
  const { createServer } = await import("@atomiton/conductor/server");
  const conductor = createConductor();
  const authenticate = () => undefined;
  const server = createServer({ conductor, authenticate, mcp: true, metrics: true });
  try {
    return await (await server.fetch(new Request("http://127.0.0.1/openapi.json"))).json();
  } finally {
    server.close();
    await conductor.shutdown();
  }
}
