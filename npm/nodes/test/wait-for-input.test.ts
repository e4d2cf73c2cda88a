/** Questions to people, asked by hand in place of a conductor. */
import { describe, expect, it } from "vitest";
import type { Ask, NodeQuestion } from "../src/contract/executable.js";
import { getNodeExecutable } from "../src/executables.js";
import { failure, run } from "./run.js";

const FORM = {
  type: "object",
  required: ["approved"],
  properties: { approved: { type: "boolean" }, note: { type: "string", maxLength: 5 } },
};

/** Someone who is asked: keeps the question, and answers when the test says so. */
class Person {
  question: NodeQuestion | undefined;
  check: (answer: unknown) => string | undefined = () => undefined;
  answer: (answer: unknown) => void = () => {};
  signal: AbortSignal | undefined;
  readonly ask: Ask = (question, check, signal) => {
    Object.assign(this, { question, check, signal });
    return new Promise((resolve) => {
      this.answer = resolve;
    });
  };

  /** Executes the node as a conductor does, with `ask` on the prototype. */
  async run(parameters: Record<string, unknown>, input: unknown = undefined, signal?: AbortSignal): Promise<unknown> {
    const called = Object.create({ ask: this.ask, ...(signal && { signal }) }) as Record<string, unknown>;
    Object.assign(called, { nodeId: "n", executionId: "e", variables: {}, input, ...parameters });
    return getNodeExecutable("wait-for-input")?.execute(called);
  }
}

describe("wait-for-input", () => {
  it("asks with its form and data, refuses what does not fit, and gives the answer", async () => {
    const person = new Person();
    const running = person.run({ message: "Pay?", form: FORM }, { data: { total: 3 } });
    await expect.poll(() => person.question).toBeDefined();
    expect(person.question).toEqual({ message: "Pay?", form: FORM, data: { total: 3 } });
    expect(person.check({ approved: "yes" })).toMatch(/`approved` must be true or false, found "yes"/);
    expect(person.check({})).toMatch(/approved/);
    expect(person.check(undefined)).toMatch(/the answer/);
    expect(person.check({ approved: true, note: "too long" })).toMatch(/`note`/);
    expect(person.check({ approved: true })).toBeUndefined();
    person.answer({ approved: true });
    expect(await running).toEqual({ result: { approved: true }, answered: true });
    expect(person.signal?.aborted).toBe(true);
  });

  it("takes its default when the time is up, and fails without one", async () => {
    const waitFor = 5;
    const preset = { approved: false };
    const person = new Person();
    expect(await person.run({ message: "Pay?", form: FORM, waitFor, default: preset })).toEqual({
      result: preset,
      answered: false,
    });
    expect(person.signal?.aborted).toBe(true);
    expect(await person.run({ message: "Pay?", waitFor, default: null })).toEqual({ result: null, answered: false });
    await expect(new Person().run({ message: "Pay?", waitFor })).rejects.toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("No answer came within 5 ms to: Pay?"),
    });
  });

  it("ends when it is cancelled, and lets the question go", async () => {
    const person = new Person();
    const controller = new AbortController();
    const running = person.run({ message: "Pay?" }, undefined, controller.signal);
    await expect.poll(() => person.question).toBeDefined();
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(person.signal?.aborted).toBe(true);
  });

  it("refuses a form of which a part would not be checked, and a default that does not fit or never counts", async () => {
    const person = new Person();
    for (const [parameters, message] of [
      [{ form: { type: "object", maxProperties: 2 } }, /maxProperties/],
      [{ form: { type: "string", pattern: "(a)\\1" } }, /pattern/i],
      [{ form: FORM, waitFor: 5, default: { approved: 1 } }, /`default` does not fit the form: `approved`/],
      [{ form: FORM, default: { approved: true } }, /counts only after `waitFor`/],
    ] as const) {
      await expect(person.run({ message: "Pay?", ...parameters })).rejects.toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringMatching(message),
      });
    }
    expect(person.question).toBeUndefined();
  });

  it("needs a conductor, and takes no parameter for one", async () => {
    expect(await failure("wait-for-input", {}, { message: "Pay?" })).toMatchObject({ code: "NO_EXECUTOR_FACTORY" });
    await expect(run("wait-for-input", {}, { message: "Pay?", ask: () => true })).rejects.toMatchObject({
      code: "NO_EXECUTOR_FACTORY",
    });
  });
});
