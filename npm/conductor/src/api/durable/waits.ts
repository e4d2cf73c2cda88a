/** How the executables of a kept run wait: until a time, or for people. */
import type { Ask } from "@atomiton/nodes";

import type { Asker, Call } from "../../engine/call.js";
import type { KeptWait } from "../../engine/recorder.js";
import { setTimer } from "../../engine/turn.js";
import type { OpenQuestion } from "../../types/question.js";

/** A wait that is not over. */
interface OpenWait {
  call: Call;
  number: number;
  until: number;
  question?: OpenQuestion;
}

/** Shorter waits are not recorded: after a crash they begin again. In ms. */
const SHORT_MS = 1_000;

/** The waits of one run. */
export class Waits {
  private readonly open = new Set<OpenWait>();
  private readonly counts = new WeakMap<Call, number>();

  /**
   * @param record writes what is known of a wait
   * @param flush settles when all that was recorded is on disk
   * @param changed told when a wait begins
   */
  constructor(
    private readonly record: (call: Call, number: number, wait: KeptWait) => void,
    private readonly flush: () => Promise<void>,
    private readonly changed: () => void,
  ) {}

  /** Calls that wait. */
  get calls(): number {
    const calls = new Set([...this.open].map(({ call }) => call).filter(({ over }) => !over));
    return calls.size;
  }

  /** When the first wait is over, in ms since the epoch; infinite where none is by itself. */
  get until(): number {
    return [...this.open].reduce((first, { until }) => Math.min(first, until), Number.POSITIVE_INFINITY);
  }

  /** The questions that are open, each with its wait. */
  get questions(): { call: Call; number: number; question: OpenQuestion }[] {
    return [...this.open].flatMap(({ call, number, question }) => (question ? { call, number, question } : []));
  }

  async sleep(call: Call, ms: number, signal: AbortSignal = call.signal): Promise<number> {
    const number = this.numberOf(call);
    const kept = call.kept?.get(number);
    const until = kept?.until ?? Date.now() + ms;
    if (kept?.until === undefined && ms > SHORT_MS) this.record(call, number, { until, ms });
    await this.track({ call, number, until }, timeIs(until, signal));
    return kept?.ms ?? ms;
  }

  async ask(call: Call, asker: Asker, ...[asked, check, signal]: Parameters<Ask>): Promise<unknown> {
    const number = this.numberOf(call);
    const kept = call.kept?.get(number);
    if (kept?.answer !== undefined) return kept.answer[0];
    const wait: OpenWait = { call, number, until: Number.POSITIVE_INFINITY };
    const keeper = {
      before: kept?.question,
      asked: (question: OpenQuestion) => {
        wait.question = question;
        if (kept?.question === undefined) this.record(call, number, { question });
      },
      answered: (answer: unknown) => {
        this.record(call, number, { answer: [answer] });
        this.open.delete(wait);
        return this.flush();
      },
    };
    return this.track(wait, asker(call, asked, check, signal, keeper), signal);
  }

  private numberOf(call: Call): number {
    const number = this.counts.get(call) ?? 0;
    this.counts.set(call, number + 1);
    return number;
  }

  private async track<T>(wait: OpenWait, over: Promise<T>, signal?: AbortSignal): Promise<T> {
    const close = () => this.open.delete(wait);
    this.open.add(wait);
    signal?.addEventListener("abort", close, { once: true });
    this.changed();
    try {
      return await over;
    } finally {
      close();
    }
  }
}

/** Settles at a time, in ms since the epoch. Rejects when the signal fires. */
function timeIs(until: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const look = () => {
      const left = until - Date.now();
      if (left > 0) {
        timer = setTimer(look, left);
        return;
      }
      signal.removeEventListener("abort", stop);
      resolve();
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    look();
  });
}
