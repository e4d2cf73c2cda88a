import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { requirePeer } from "../peers.mjs";

/** What is worked out, in the language of each subject; `aimUs`: µs that ours should take at most. */
export const EXPRESSIONS = {
  path: { aimUs: 1, own: "data.user.name", n8n: "$json.user.name", jsonata: "data.user.name", gives: "Ada" },
  literal: { aimUs: 1, own: "'text'", n8n: "'text'", jsonata: "'text'", gives: "text" },
  operators: {
    aimUs: 10,
    own: "data.count * 2 + 1 > 5 ? 'many' : 'few'",
    n8n: "$json.count * 2 + 1 > 5 ? 'many' : 'few'",
    jsonata: "data.count * 2 + 1 > 5 ? 'many' : 'few'",
    gives: "many",
  },
  "callbacks over 10 rows": {
    aimUs: 10,
    own: "data.rows.filter(row => row.id > 5).map(row => row.name + '!')",
    n8n: "$json.rows.filter(row => row.id > 5).map(row => row.name + '!')",
    jsonata: "data.rows[id > 5].(name & '!')",
    gives: ["row 6!", "row 7!", "row 8!", "row 9!"],
  },
};

export const OWN_EXPRESSIONS = "conductor expressions";

const TIMES = 1_000;
const data = {
  user: { name: "Ada" },
  count: 3,
  rows: Array.from({ length: 10 }, (_, id) => ({ id, name: `row ${id}` })),
};

/** A run works the expression out {@link TIMES} times. `evaluate` gives its value. */
function subject(name, prepare) {
  return {
    name,
    async prepareExpression(kind) {
      const evaluate = await prepare(EXPRESSIONS[kind]);
      const found = JSON.parse(JSON.stringify(await evaluate()));
      if (!isDeepStrictEqual(found, EXPRESSIONS[kind].gives)) throw new Error(`${name} found ${JSON.stringify(found)}`);
      const isAsync = evaluate() instanceof Promise;
      return async () => {
        for (let time = 0; time < TIMES; time += 1) {
          if (isAsync) await evaluate();
          else evaluate();
        }
      };
    },
  };
}

/** The parameters of a node as they are when it starts: the expression is compiled, its value is not known. */
const own = subject(OWN_EXPRESSIONS, async ({ own }) => {
  const { rolldown } = await import("rolldown");
  const input = fileURLToPath(new URL("../../../npm/conductor/src/expressions/parameters.ts", import.meta.url));
  const built = await rolldown({ input, platform: "node" });
  const { output } = await built.generate({ format: "esm" });
  const { ParameterExpressions } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
  const parameters = { value: `\${{ ${own} }}` };
  const expressions = ParameterExpressions.of(parameters);
  const scope = { input: { default: data }, data };
  return () => expressions.resolve(parameters, scope, () => {}).value;
});

/** n8n's own, as its executor asks it for the parameter of a node. */
const n8n = subject("n8n-workflow", ({ n8n }) => {
  requirePeer("reflect-metadata");
  const { Workflow } = requirePeer("n8n-workflow");
  const type = { description: { properties: [], inputs: ["main"], outputs: ["main"] } };
  const node = { id: "1", name: "node", type: "test", typeVersion: 1, position: [0, 0], parameters: {} };
  const nodeTypes = { getByName: () => type, getByNameAndVersion: () => type, getKnownTypes: () => ({}) };
  const workflow = new Workflow({ id: "1", nodes: [node], connections: {}, active: false, nodeTypes });
  const items = [{ json: data }];
  return () =>
    workflow.expression.resolveSimpleParameterValue(`={{ ${n8n} }}`, {}, null, 0, 0, "node", items, "trigger", {});
});

const jsonata = subject("jsonata", ({ jsonata }) => {
  const expression = requirePeer("jsonata")(jsonata);
  const scope = { data };
  return () => expression.evaluate(scope);
});

/** All that work out expressions. */
export const EXPRESSION_SUBJECTS = [own, n8n, jsonata];

export const PEER_EXPRESSIONS = [n8n.name, jsonata.name];
