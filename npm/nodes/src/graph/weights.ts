/** How heavy nodes are, judged by their type. Progress counts in these. A test compares them with those of the engine. */

/** The weight of a type that is not in the table, and of a group without nodes. */
export const DEFAULT_NODE_WEIGHT = 100;

/** Weights by type; types of earlier versions are in it as well. */
export const NODE_WEIGHTS: Readonly<Record<string, number>> = {
  delay: 1000,
  email: 800,
  httpRequest: 500,
  "http-request": 500,
  database: 300,
  image: 300,
  "shell-command": 300,
  fileWrite: 200,
  "file-system": 200,
  spreadsheet: 200,
  fileRead: 100,
  parallel: 100,
  "edit-fields": 80,
  transform: 50,
  loop: 20,
  condition: 10,
};

/** The weight of a node without nodes inside, by its type. */
export function getNodeWeight(type: string): number {
  return Object.hasOwn(NODE_WEIGHTS, type) ? (NODE_WEIGHTS[type] as number) : DEFAULT_NODE_WEIGHT;
}
