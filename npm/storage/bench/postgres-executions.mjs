/**
 * What appending to executions in PostgreSQL costs, beside a plain INSERT of the same bytes on the same server, in turns.
 * Build the package first; then `node npm/storage/bench/postgres-executions.mjs`.
 */
import pg from "pg";

import { missingPostgres, startPostgres } from "../../../tests/nodes/postgres.mjs";
import { openPostgresStore } from "../dist/index.js";

const ROUNDS = 10;
const IN_SEQUENCE = 300;
const LOOPS = 100;
const EACH = 300;

const missing = missingPostgres();
if (missing !== undefined) throw new Error(missing);
const server = await startPostgres({ fsync: true });
try {
  await measure(server.url);
} finally {
  await server.stop();
}

async function measure(url) {
  const store = await openPostgresStore(url);
  const raw = new pg.Client({ connectionString: url });
  await raw.connect();
  await raw.query(`create table raw (execution bigint, sequence bigint, epoch bigint, journal bytea, content bytea,
    primary key (execution, sequence))`);
  const half = Buffer.alloc(100, 1);
  const begun = { flowId: "f", name: "f", document: "{}", documentHash: "h", head: half, trigger: "call", tags: [] };
  const ids = Array.from({ length: LOOPS + 1 }, (_, index) => `e${index}`);
  await store.write(ids.map((id) => ({ type: "begin", execution: { id, ...begun, startedAt: 0 } })));
  const last = new Map(ids.map((id) => [id, 0]));
  const append = (id) => {
    const sequence = last.get(id) + 1;
    last.set(id, sequence);
    return store.write([{ type: "append", id, epoch: 1, sequence, journal: half, values: half }]);
  };
  let inserted = 0;
  const text = "insert into raw values ($1, $2, $3, $4, $5)";
  const insert = () => raw.query({ name: "insert", text, values: [1, ++inserted, 1, half, half] });

  const sequence = { append: [], insert: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    sequence.append.push(await timeOf(IN_SEQUENCE, () => append(ids[LOOPS])));
    sequence.insert.push(await timeOf(IN_SEQUENCE, insert));
  }
  // The first round warms up.
  const [mine, theirs] = [sequence.append, sequence.insert].map((times) => median(times.slice(1)));
  console.log(
    `one after the other: ${mine.toFixed(3)} ms an append, ${theirs.toFixed(3)} ms an INSERT, ${ratio(mine, theirs)}`,
  );

  for (let round = 0; round < 4; round++) {
    const cpu = process.cpuUsage();
    const time = await timeOf(1, () => Promise.all(ids.slice(0, LOOPS).map((id) => timeOf(EACH, () => append(id)))));
    const { user, system } = process.cpuUsage(cpu);
    const count = LOOPS * EACH;
    const own = ((user + system) / count).toFixed(1);
    console.log(`${LOOPS} at once: ${Math.round((count / time) * 1000)} appends/s, ${own} µs of this process each`);
  }
  await store.close();
  await raw.end();
}

/** ms of one call, on average. */
async function timeOf(count, call) {
  const start = performance.now();
  for (let index = 0; index < count; index++) await call();
  return (performance.now() - start) / count;
}

function median(times) {
  return times.toSorted((first, second) => first - second)[times.length >> 1];
}

function ratio(mine, theirs) {
  return `${(mine / theirs).toFixed(2)} times as long`;
}
