import { SMALLEST_AMOUNT } from "../csv/table.mjs";

/** DuckDB, at the version that the node library is tested with, in this process, with as many threads as it takes by itself. Each work reads its files anew, as the flows do. */
export const duckdb = {
  name: "duckdb",

  async prepareTables({ work, source, target, filtered, orders, customers }) {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const large = `FROM read_csv(${text(source)}) WHERE amount > ${SMALLEST_AMOUNT}`;
    const byRegion = `SELECT region, count(*) AS orders, sum(amount) AS total ${large} GROUP BY region`;
    const bySegment = () =>
      `SELECT segment, count(*) AS orders, sum(amount) AS total FROM read_csv(${text(orders)}) ` +
      `JOIN read_csv(${text(customers)}) USING (customer) GROUP BY segment`;
    const statements = {
      "group-by": () => [toJson(byRegion, target)],
      join: () => [toJson(bySegment(), target)],
      large: () => [toJson(byRegion, target), `COPY (SELECT * ${large}) TO ${text(filtered)} (FORMAT csv)`],
    }[work]();
    return async () => {
      for (const statement of statements) await connection.run(statement);
    };
  },
};

function toJson(query, target) {
  return `COPY (${query}) TO ${text(target)} (FORMAT json, ARRAY true)`;
}

function text(value = "") {
  return `'${value.replaceAll("'", "''")}'`;
}
