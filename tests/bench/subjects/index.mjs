/**
 * What is measured. A subject is
 *
 * - `name`: as it stands in the report;
 * - `prepare(flow, execute)`: gives, now or as a promise, an async function that runs the whole flow once, calls
 *   `execute` for each step and rejects unless the run succeeded. Preparing is not timed: it holds what a user
 *   of that library does once, such as writing the flow in the library's own form;
 * - `prepareAnalysis(flow)` (optional): gives a function that analyses the flow and returns a digest;
 * - `prepareExpression(kind)` (optional): gives an async function that works out an expression a thousand times;
 * - `prepareCsv(source, target)` (optional): gives an async function that does the work of the CSV row;
 * - `prepareTables({ work, … })` (optional): gives an async function that does one work of the tables row;
 * - `prepareJob({ kind, … })` (optional): gives an async function that does a job of `jobs/index.mjs`;
 * - `preparePictures({ pictures, width, height, places })` (optional): gives one that resizes pictures;
 * - `prepareDurable({ steps, runs, … })` (optional): gives one that runs chains whose steps are kept in a database;
 * - `refuses({ shape, size })` (optional): why a flow is not given to it, or undefined.
 */

import { csvParse, csvParseStream } from "../csv/csv-parse.mjs";
import { papaparse } from "../csv/papaparse.mjs";
import { dbos } from "../durable/dbos.mjs";
import { rawPostgres, rawSqlite } from "../durable/raw.mjs";
import { plain } from "../jobs/plain.mjs";
import { sharp } from "../jobs/sharp.mjs";
import { asyncAuto } from "./async-auto.mjs";
import {
  BACKEND_NAMES,
  conductor,
  keptConductor,
  observedConductor,
  streamedConductor,
  tracedConductor,
} from "./conductor.mjs";
import { duckdb } from "./duckdb.mjs";
import { EXPRESSION_SUBJECTS } from "./expressions.mjs";
import { floor } from "./floor.mjs";
import { n8nCore } from "./n8n-core.mjs";
import { pGraph } from "./p-graph.mjs";

const own = BACKEND_NAMES.flatMap((backend) => [
  conductor(backend),
  observedConductor(backend),
  tracedConductor(backend),
  streamedConductor(backend),
]);

const SUBJECTS = new Map(
  [
    floor,
    ...own,
    pGraph,
    asyncAuto,
    n8nCore,
    papaparse,
    csvParse,
    csvParseStream,
    plain,
    sharp,
    duckdb,
    ...EXPRESSION_SUBJECTS,
    keptConductor(),
    keptConductor("sqlite"),
    keptConductor("sqlite", "relaxed"),
    keptConductor("postgres"),
    keptConductor("postgres", "relaxed"),
    rawSqlite,
    rawPostgres,
    dbos,
  ].map((subject) => [subject.name, subject]),
);

/** Engines of other projects, in the order of the report. */
export const PEER_ENGINES = [pGraph.name, asyncAuto.name, n8nCore.name];

/** The plain JavaScript forms of the CSV row. */
export const PLAIN_CSV = [papaparse.name, csvParse.name, csvParseStream.name];

/** @param {string} name @returns the subject of that name */
export function subjectNamed(name) {
  const subject = SUBJECTS.get(name);
  if (subject === undefined) throw new Error(`Unknown subject "${name}"`);
  return subject;
}
