/** The service of executions that wait for people. */
import type { OpenQuestion } from "../types/question.js";
import { type Declaration, named, type Unsubscribe } from "./declaration.js";

/** Executions that wait for people. */
export interface ExecutionsApi {
  /** The questions that are open: all of them, or those of an execution and of the flows inside of it. */
  waiting(executionId?: string): Promise<OpenQuestion[]>;
  /**
   * Answers a question, by its id or by that of an execution which asks only one. Rejects with NODE_NOT_FOUND where no such
   * question is open, and with INVALID_PARAMETERS for an answer that does not fit, which leaves it open, and for an execution
   * that asks several things.
   */
  answer(id: string, answer: unknown): Promise<void>;
  /** Calls back for each question when it is asked. */
  onQuestion(callback: (question: OpenQuestion) => void): Unsubscribe;
}

/** Their commands stand in the channel `node`. */
export const executions: Declaration<ExecutionsApi> = {
  channel: "node",
  subject: "answers",
  size: "data",
  methods: {
    waiting: {
      role: "viewer",
      targets: "router",
      answers: "list",
      wire: {
        send: (executionId?: string) => (executionId === undefined ? {} : { executionId }),
        receive: ({ executionId }) => [executionId],
      },
    },
    answer: { role: "runner", wire: named("id", "answer"), targets: "router" },
  },
  events: { onQuestion: { event: "question", role: "viewer" } },
};
