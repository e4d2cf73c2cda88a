import * as types from "@atomiton/conductor/types";
import { describe, expect, it } from "vitest";

const {
  createExecutionError,
  createExecutionId,
  createNodeId,
  ErrorCode,
  executionIdToString,
  getErrorRecoveryStrategy,
  isExecutionError,
  isExecutionId,
  isNodeId,
  nodeIdsToStrings,
  nodeIdToString,
  toExecutionError,
  toExecutionId,
  toNodeId,
  toNodeIds,
} = types;

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

/** Every code with whether a retry may help, and the delay (ms) and attempts where advised. */
const advice: [code: string, retryable: boolean, retryDelayMs?: number, maxRetries?: number][] = [
  ["VALIDATION_FAILED", false],
  ["INVALID_PARAMETERS", false],
  ["TYPE_MISMATCH", false],
  ["INVALID_NODE", false],
  ["MISSING_REQUIRED_FIELD", false],
  ["EXECUTION_FAILED", true],
  ["NODE_NOT_FOUND", false],
  ["NODE_TYPE_NOT_FOUND", false],
  ["IMPLEMENTATION_NOT_FOUND", false],
  ["NO_EXECUTOR_FACTORY", false],
  ["CIRCULAR_DEPENDENCY", false],
  ["TIMEOUT", true, 1000, 3],
  ["CANCELLED", false],
  ["MEMORY_LIMIT_EXCEEDED", false],
  ["RATE_LIMIT_EXCEEDED", true, 5000, 5],
  ["TRANSPORT_ERROR", true, 2000, 3],
  ["IPC_COMMUNICATION_FAILED", true, 2000, 3],
  ["NO_TRANSPORT", false],
  ["SERIALIZATION_FAILED", false],
  ["DESERIALIZATION_FAILED", false],
  ["INTERNAL_ERROR", false],
  ["UNKNOWN_ERROR", false],
];

describe("the types entry", () => {
  it("offers its fifteen functions and values", () => {
    expect(Object.keys(types)).toEqual(
      expect.arrayContaining([
        "ErrorCode",
        "createExecutionError",
        "isExecutionError",
        "toExecutionError",
        "getErrorRecoveryStrategy",
        "createExecutionId",
        "toExecutionId",
        "createNodeId",
        "toNodeId",
        "isExecutionId",
        "isNodeId",
        "executionIdToString",
        "nodeIdToString",
        "toNodeIds",
        "nodeIdsToStrings",
      ]),
    );
  });
});

describe("error codes", () => {
  it("are 22, each equal to its name", () => {
    expect(Object.entries(ErrorCode).sort()).toEqual(advice.map(([code]) => [code, code]).sort());
  });

  it.each(advice)("%s: retryable is %s", (code, retryable) => {
    const strategy = getErrorRecoveryStrategy(code as never);
    expect(strategy.retryable).toBe(retryable);
    expect(strategy.suggestions?.length).toBeGreaterThan(0);
    for (const suggestion of strategy.suggestions ?? []) expect(suggestion).toMatch(/\S/);
  });

  it.each(advice.filter(([, , delay]) => delay !== undefined))(
    "%s: a retry is advised (%s) after %i ms, at most %i times",
    (code, _retryable, retryDelayMs, maxRetries) => {
      expect(getErrorRecoveryStrategy(code as never)).toMatchObject({ retryDelayMs, maxRetries });
    },
  );

  it("give each caller a strategy that it may change", () => {
    const first = getErrorRecoveryStrategy(ErrorCode.TIMEOUT);
    const suggestions = [...(first.suggestions ?? [])];
    try {
      first.suggestions?.push("changed");
    } catch {
      // A frozen strategy is as good as a fresh one.
    }
    expect(getErrorRecoveryStrategy(ErrorCode.TIMEOUT).suggestions).toEqual(suggestions);
  });
});

describe("createExecutionError", () => {
  it("makes an error of code, message and the time", () => {
    const before = Date.now();
    const error = createExecutionError(ErrorCode.TIMEOUT, "too slow");
    expect(error).toMatchObject({ code: "TIMEOUT", message: "too slow" });
    expect(error.timestamp).toBeInstanceOf(Date);
    expect(error.timestamp.getTime()).toBeGreaterThanOrEqual(before);
  });

  it("lays the options over it", () => {
    const timestamp = new Date(0);
    const options = { nodeId: "a", executionId: "e", timestamp, context: { k: 1 }, cause: "c" };
    expect(createExecutionError(ErrorCode.TIMEOUT, "m", options as never)).toMatchObject(options);
  });
});

describe("isExecutionError", () => {
  it("knows an execution error", () => {
    expect(isExecutionError(createExecutionError(ErrorCode.TIMEOUT, "m"))).toBe(true);
    expect(isExecutionError({ code: "TIMEOUT", message: "m", timestamp: new Date() })).toBe(true);
  });

  it.each([
    [null],
    [undefined],
    ["TIMEOUT"],
    [7],
    [{}],
    [new Error("m")],
    [{ code: "TIMEOUT", message: "m" }],
    [{ code: "TIMEOUT", timestamp: new Date() }],
    [{ message: "m", timestamp: new Date() }],
    [{ code: "ENOENT", message: "m", timestamp: new Date() }],
    [{ code: "toString", message: "m", timestamp: new Date() }],
  ])("refuses %j", (value) => {
    expect(isExecutionError(value)).toBe(false);
  });
});

describe("toExecutionError", () => {
  it("passes an execution error through", () => {
    const error = createExecutionError(ErrorCode.TIMEOUT, "m");
    expect(toExecutionError(error)).toBe(error);
  });

  it("takes message, stack and cause from an error", () => {
    const inner = new Error("inner");
    const outer = new Error("outer", { cause: inner });
    const error = toExecutionError(outer);
    expect(error).toMatchObject({ code: "UNKNOWN_ERROR", message: "outer", stack: outer.stack });
    expect([outer, inner]).toContain(error.cause);
  });

  it("uses the code, node and run that it is given", () => {
    const error = toExecutionError(new Error("m"), ErrorCode.EXECUTION_FAILED, "a" as never, "e" as never);
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "a", executionId: "e" });
  });

  it("takes a string as the message", () => {
    expect(toExecutionError("words", ErrorCode.TIMEOUT)).toMatchObject({
      code: "TIMEOUT",
      message: "words",
    });
  });

  it.each([[null], [undefined], [404], [10n], [{ a: 1 }], [true]])(
    "calls anything else an unknown error: %s",
    (value) => {
      const error = toExecutionError(value, ErrorCode.TIMEOUT);
      expect(error).toMatchObject({
        code: "UNKNOWN_ERROR",
        message: "An unknown error occurred",
        context: { originalError: String(value) },
      });
      expect(error.cause).toBe(value);
    },
  );
});

describe("ids", () => {
  it("are generated when none is given", () => {
    expect(createExecutionId()).toMatch(new RegExp(`^exec_${uuid}$`));
    expect(createExecutionId("")).toMatch(new RegExp(`^exec_${uuid}$`));
    expect(createNodeId()).toMatch(new RegExp(`^node_${uuid}$`));
    expect(createExecutionId()).not.toBe(createExecutionId());
  });

  it("are kept when given", () => {
    expect(createExecutionId("mine")).toBe("mine");
    expect(createNodeId("mine")).toBe("mine");
    expect(toExecutionId("mine")).toBe("mine");
    expect(toNodeId("mine")).toBe("mine");
  });

  it.each([[""], [undefined], [null], [7], [{}]])("cannot be made of %j", (value) => {
    expect(() => toExecutionId(value as never)).toThrow("Invalid execution ID: must be a non-empty string");
    expect(() => toNodeId(value as never)).toThrow("Invalid node ID: must be a non-empty string");
    expect(isExecutionId(value)).toBe(false);
    expect(isNodeId(value)).toBe(false);
  });

  it("are recognised", () => {
    expect(isExecutionId(createExecutionId())).toBe(true);
    expect(isNodeId(createNodeId())).toBe(true);
  });

  it("turn into strings and back", () => {
    expect(executionIdToString(toExecutionId("e"))).toBe("e");
    expect(nodeIdToString(toNodeId("n"))).toBe("n");
    expect(nodeIdsToStrings(toNodeIds(["a", "b"]))).toEqual(["a", "b"]);
  });
});
