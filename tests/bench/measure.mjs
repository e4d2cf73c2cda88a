/**
 * Taking turns: every round asks each subject for one sample, so that a slow minute of the machine hits all. The
 * order is new in each round, because whoever comes next finds the caches as the one before left them.
 */

import { seededRandom } from "./random.mjs";
import { Subject, TooSlow } from "./subject.mjs";

/**
 * @typedef {object} Measurement what one subject needs for one run of the work
 * @property {number} median milliseconds
 * @property {number} fastest milliseconds
 * @property {number} slowest milliseconds
 * @property {number} samples how many samples were taken
 * @property {number} batch how many runs one sample is the mean of
 */

/**
 * @typedef {object} Unmeasured
 * @property {string} missing why there is no figure
 */

/** Fewer samples than this make no median. */
export const FEWEST_SAMPLES = 5;

const LONGEST_REASON = 60;

export class Bench {
  #subjects = new Map();

  /**
   * @param {object} options
   * @param {number} options.rounds samples of each subject, at least {@link FEWEST_SAMPLES}. Many short samples
   *   tell more than a few long ones where other programs take the processor now and then
   * @param {number} options.budgetMs a slow subject is sampled less often, so that it stays near this time
   * @param {number} options.warmUpMs how long each subject runs before its first sample
   * @param {number} options.limitMs the longest time that an answer is waited for
   */
  constructor({ rounds, budgetMs, warmUpMs, limitMs }) {
    this.rounds = rounds;
    this.budgetMs = budgetMs;
    this.warmUpMs = warmUpMs;
    this.limitMs = limitMs;
  }

  /** @param {string} name @returns {Subject} the one process of that subject */
  subject(name) {
    let subject = this.#subjects.get(name);
    if (subject === undefined) {
      subject = new Subject(name);
      this.#subjects.set(name, subject);
    }
    return subject;
  }

  /**
   * Prepares and warms up all subjects one after the other, then samples them in turns.
   *
   * @param {{ name: string, method: string, params: object, missing?: string }[]} work what each subject prepares;
   *   one with `missing` is left out for that reason
   * @returns {Promise<Record<string, (Measurement & { digest?: object }) | Unmeasured>>} by subject
   */
  async compare(work) {
    const results = {};
    const ready = [];
    for (const { name, method, params, missing } of work) {
      if (missing !== undefined) {
        results[name] = { missing };
        continue;
      }
      results[name] = await this.#attempt(name, async (subject) => {
        const question = { warmUpMs: this.warmUpMs, ...params };
        const { batch, sampleMs, digest } = await subject.ask(method, question, this.limitMs);
        ready.push({ name, batch, samples: [], rounds: this.#roundsFor(sampleMs) });
        return digest === undefined ? {} : { digest };
      });
    }

    const random = seededRandom(ready.length);
    for (let round = 0; round < this.rounds; round += 1) {
      for (const { name, batch, samples, rounds } of shuffle(ready, random)) {
        if (round >= rounds || results[name].missing !== undefined) continue;
        const outcome = await this.#attempt(name, async (subject) => {
          samples.push(await subject.ask("sample", { batch }, this.limitMs));
        });
        if (outcome?.missing !== undefined) results[name] = outcome;
      }
    }
    for (const { name, batch, samples } of ready) {
      if (results[name].missing === undefined) Object.assign(results[name], summarise(samples), { batch });
    }
    return results;
  }

  /** Ends all processes. */
  stop() {
    for (const subject of this.#subjects.values()) subject.stop();
  }

  #roundsFor(sampleMs) {
    return Math.max(FEWEST_SAMPLES, Math.min(this.rounds, Math.floor(this.budgetMs / sampleMs)));
  }

  async #attempt(name, task) {
    try {
      return await task(this.subject(name));
    } catch (error) {
      if (error instanceof TooSlow) return { missing: error.message };
      process.stderr.write(`${name}: ${error.message}\n`);
      return { missing: `failed: ${error.message.split("\n", 1)[0].slice(0, LONGEST_REASON)}` };
    }
  }
}

/** @param {number[]} samples @returns {number} the middle one, or the mean of the two in the middle */
export function median(samples) {
  const sorted = [...samples].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function shuffle(items, random) {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  return shuffled;
}

function summarise(samples) {
  return {
    median: median(samples),
    fastest: Math.min(...samples),
    slowest: Math.max(...samples),
    samples: samples.length,
  };
}
