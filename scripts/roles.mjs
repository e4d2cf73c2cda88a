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

async function tables() {
  const { paths } = await description();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      name: `${method.toUpperCase()} ${path}`,
      ...operation,
    })),
  );
  const least = ({ "x-role": role, security }) => (security?.length === 0 ? "anyone" : role);
  const requests = [...ROLES, "anyone"].map((role) => {
    const names = operations.filter((operation) => least(operation) === role).map(({ name }) => `\`${name}\``);
    return `| ${role} | ${names.join(", ")} |`;
  });
  const commands = operations.find((operation) => operation["x-commands"] !== undefined)["x-commands"];
  const rows = Object.entries(commands).map(([channel, roles]) => {
    const of = (wanted) => Object.keys(roles).filter((command) => roles[command] === wanted);
    return `| \`${channel}\` | ${[...ROLES, "anyone"].map((role) => of(role).join(", ")).join(" | ")} |`;
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
