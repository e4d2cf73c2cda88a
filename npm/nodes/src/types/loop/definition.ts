import { isEmpty } from "../../data/field.js";
import { expressionProblems } from "../../definition/code.js";
import { effectsOfNodesInside } from "../../definition/effects.js";
import {
  input,
  type NodeType,
  output,
  type ParameterProblem,
  sameAs,
  sharedParameters,
} from "../../definition/node-type.js";

/** Rounds of a `while` loop unless it says otherwise. */
export const MOST_WHILE_ROUNDS = 10_000;

/** Repeats other nodes. */
export const loop = {
  type: "loop",
  name: "Loop",
  description: "Runs the nodes that it contains once for each item of a list, or a number of times.",
  category: "logic",
  icon: "repeat",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      loopType: {
        type: "string",
        enum: ["forEach", "times", "while"],
        default: "forEach",
        description:
          "forEach: over `array`, or the list that arrives; times: `count` times; while: as long as `condition` holds.",
      },
      array: {
        "x-control": "json",
        description: "The items, instead of the list that arrives. Usually an expression.",
      },
      count: {
        type: "integer",
        minimum: 1,
        maximum: 10_000,
        default: 10,
        description: "times: how many rounds there are.",
      },
      condition: {
        type: "string",
        "x-control": "code",
        "x-when": { loopType: ["while"] },
        description:
          "while: JavaScript that is asked before each round, over `iteration` (its number, from 0), `lastResult` (what the last node inside gave in the round before, without the `{ result }` around it; `undefined` before the first one) and the names of expressions: `data` is what came into the loop, the same in each round.",
        examples: ["iteration < 3", "lastResult?.next !== null"],
      },
      maxRounds: {
        type: "integer",
        minimum: 1,
        default: MOST_WHILE_ROUNDS,
        description: "while: rounds after which the loop fails, if the condition still holds.",
      },
      breakWhen: {
        type: "string",
        "x-control": "code",
        description:
          "JavaScript that is asked after each round, over `iteration` (its number, from 0) and `lastResult` (what it gave), and the same names: where it holds, no further round begins. With `concurrency`, so many rounds begin together, and it is asked after all of them.",
        examples: ["lastResult.found"],
      },
      onError: {
        type: "string",
        enum: ["stop", "continue"],
        default: "stop",
        description:
          "What a failure in a round that nothing inside takes leads to. stop: the loop fails. continue: the round ends, the others go on; `results` has those that went well, `errors` what failed with its item, and a warning tells of it.",
      },
      batchSize: {
        type: "integer",
        minimum: 1,
        description: "forEach: a round for each so many items; `item` is then a list of them.",
        examples: [100],
      },
      collectResults: {
        type: "boolean",
        default: true,
        description: "Whether what the rounds gave is in the output. Without it, memory does not grow with the rounds.",
      },
      concurrency: {
        type: "integer",
        minimum: 1,
        description: "Rounds that run at once; 1 unless given.",
        examples: [4],
      },
    },
  },
  inputPorts: [input("items", "Items", "array", "The list to loop over.")],
  otherInputs: [
    input("array", "Array", "array", "The same as items."),
    input("data", "Data", "any", "The same as items."),
    ...sameAs("items", "any"),
  ],
  hasOpenInputs: true,
  outputPorts: [
    output(
      "results",
      "Results",
      "array",
      "What the last node inside gave, for each round (null where it was skipped: let the ways of a `condition` meet in a `merge` with `mode: first`, as the last node): `{ result: … }` where it is of a type that puts its data so. Expressions, code, templates and fields such as `result.name` see it in this form; `spreadsheet`, a `file-system` that writes CSV or TSV, and inserts of `database` take the objects out of rounds that are nothing else, and the rows out of rounds that are tables. For other nodes a `transform` with `transformFunction: result` does that.",
    ),
  ],
  otherOutputs: [
    output("result", "Result", "object", "Without nodes inside: the results, and how the loop ended."),
    output("iterationCount", "Iteration Count", "number", "How many rounds there were."),
    output(
      "errors",
      "Errors",
      "array",
      "With `onError: continue`, rounds that failed: index, item, nodeId, code, message. Empty where all went well.",
    ),
    output("success", "Success", "boolean", "Whether no round failed."),
    output("duration", "Duration", "number", "Without nodes inside: ms."),
  ],
  isContainer: true,
  problems: (parameters, parsers) => [
    ...expressionProblems("condition", parameters["condition"], parsers),
    ...expressionProblems("breakWhen", parameters["breakWhen"], parsers),
    ...misplaced(parameters),
  ],
  touches: [],
  ...effectsOfNodesInside,
  limits: [
    {
      what: "rounds of a while loop",
      bound: "10,000; `maxRounds`",
      beyond: "EXECUTION_FAILED: a condition that always holds would keep the run for ever",
    },
    { what: "rounds without nodes inside", bound: "1,000", beyond: "the loop stops, and a warning says so" },
  ],
} as const satisfies NodeType;

/** Parameters that nothing would read in this kind of loop. */
function misplaced({ loopType = "forEach", condition, ...given }: Record<string, unknown>): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const say = (name: string, message: string) =>
    problems.push({
      code: "INVALID_PARAMETERS",
      severity: "error",
      rule: "loop-parameters",
      path: `/${name}`,
      message,
    });
  const { array } = given;
  if (loopType !== "forEach" && !isEmpty(array)) {
    problems.push({
      code: "INVALID_PARAMETERS",
      severity: "warning",
      rule: "loop-parameters",
      path: "/array",
      message: `\`array\` is for \`loopType: forEach\`, and this loop is of type \`${String(loopType)}\`, so that it is ignored`,
    });
  }
  if (given["batchSize"] !== undefined && loopType !== "forEach") {
    say("batchSize", `\`batchSize\` is for lists, and this loop is of type \`${String(loopType)}\`; remove it`);
  }
  if (given["maxRounds"] !== undefined && loopType !== "while" && given["maxRounds"] !== MOST_WHILE_ROUNDS) {
    say(
      "maxRounds",
      `\`maxRounds\` bounds a \`while\` loop, and this one is of type \`${String(loopType)}\`; remove it`,
    );
  }
  if (loopType === "while" && (condition === undefined || condition === "")) {
    say("condition", "A `while` loop needs a `condition`, such as `iteration < 3`");
  }
  return problems;
}
