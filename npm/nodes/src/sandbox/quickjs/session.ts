import { NodeError } from "../../contract/error.js";
import type { Batch, RowsAt, Sandbox, ScriptSource } from "../sandbox.js";
import type { Reply, Request } from "./messages.js";

/** Steps that are on their way at once: the next is made while the engine works on one. */
const MOST_AHEAD = 2;

/** A place where one task is carried out. */
export interface Session {
  /** Has a step carried out, after those before it. Rejects when the place is lost: late, cancelled, broken down. */
  tell(request: Request): Promise<Reply>;
  /** Gives the place back. */
  close(): void;
}

/** A sandbox over places that `open` gives. */
export function createSandbox(
  open: (source: ScriptSource, signal: AbortSignal | undefined) => Promise<Session>,
): Sandbox {
  return {
    async runOverItems(source, work, batches, take, signal) {
      const session = await open(source, signal);
      try {
        const steps = new Steps(session, take);
        await steps.add({ task: { source, kind: "items", work } });
        for await (const items of batches) await steps.add({ items });
        await steps.add({ end: true });
        await steps.settle();
      } finally {
        session.close();
      }
    },

    async evaluate(source, values, tables, signal, print) {
      const session = await open(source, signal);
      try {
        const paths = tables.map(({ path }) => path);
        let reply = await session.tell({ task: { source, kind: "values", values, paths } });
        while ("wants" in reply && reply.wants) reply = await giveRecords(session, reply.wants, tables);
        if (reply.printed) print?.(reply.printed);
        return (answered(reply).answers[0] as Batch).text;
      } finally {
        session.close();
      }
    },
  };
}

async function giveRecords(session: Session, wants: readonly number[], tables: readonly RowsAt[]): Promise<Reply> {
  const steps = new Steps(session, () => {});
  for (const table of wants) {
    for (const records of (tables[table] as RowsAt).rows()) await steps.add({ records, table });
  }
  await steps.settle();
  return session.tell({ end: true });
}

/** Steps of one task, a few of them ahead of their replies. */
class Steps {
  readonly #session: Session;
  readonly #take: (answer: Batch) => void;
  readonly #pending: Promise<Reply>[] = [];

  constructor(session: Session, take: (answer: Batch) => void) {
    this.#session = session;
    this.#take = take;
  }

  async add(request: Request): Promise<void> {
    const reply = this.#session.tell(request);
    // It is looked at in its turn.
    reply.catch(() => {});
    this.#pending.push(reply);
    if (this.#pending.length > MOST_AHEAD) await this.#next();
  }

  async settle(): Promise<void> {
    while (this.#pending.length > 0) await this.#next();
  }

  async #next(): Promise<void> {
    const { answers } = answered(await (this.#pending.shift() as Promise<Reply>));
    for (const answer of answers) this.#take(answer);
  }
}

type Answered = Exclude<Reply, { code: string }>;

function answered(reply: Reply): Answered {
  if ("code" in reply) throw new NodeError(reply.code, reply.message);
  return reply;
}
