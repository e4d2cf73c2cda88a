/** Executions that a store keeps, as resources of the protocol. */
import type { ExecutionPage, StoredExecution } from "@atomiton/storage";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { encodeAnswer } from "../answer-text.js";
import type { Session } from "../calls.js";
import type { Ask } from "./ask.js";
import { executionAddress, executionUri } from "./uri.js";

const JSON_TYPE = "application/json";

/** Executions on a page. */
const PAGE = 50;

/** What one answer may have, in characters. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/** The forms of addresses. */
export const RESOURCE_TEMPLATES = [
  ["", "execution", "How an execution stands, and what is known of it"],
  ["/result", "result", "The result of an execution that is over"],
  ["/trace", "trace", "What happened in an execution, up to now or to its end"],
  ["/logs", "logs", "What the nodes of an execution said"],
  ["/values/{nodeId}", "value", "The output of a node of an execution"],
].map(([path, name = "", description]) => ({
  uriTemplate: `conductor://executions/{executionId}${path}`,
  name,
  description,
  mimeType: JSON_TYPE,
}));

/** A page of the executions, those that began last first. */
export async function listResources(ask: Ask, session: Session, cursor: string | undefined) {
  const options = { limit: PAGE, ...(cursor !== undefined && { cursor }) };
  const page = (await ask(session, "node", "listExecutions", { filter: {}, options })) as ExecutionPage;
  return {
    resources: page.executions.map(({ id, name, status, startedAt }) => ({
      uri: executionUri(id),
      name: id,
      title: `${name}: ${status}`,
      description: `An execution of the flow ${JSON.stringify(name)}, begun ${new Date(startedAt).toISOString()}`,
      mimeType: JSON_TYPE,
    })),
    ...(page.next !== undefined && { nextCursor: page.next }),
  };
}

/** What stands at an address. */
export async function readResource(ask: Ask, session: Session, uri: string) {
  const address = executionAddress(uri);
  if (address === undefined) {
    const forms = RESOURCE_TEMPLATES.map(({ uriTemplate }) => uriTemplate).join(", ");
    throw new McpError(ErrorCode.InvalidParams, `There is no resource ${uri.slice(0, 200)}; there are ${forms}`);
  }
  const { executionId, part, nodeId } = address;
  const row = (await ask(session, "node", "getExecution", { executionId })) as StoredExecution;
  const text = encodeAnswer(await found()) ?? "null";
  if (text.length > LONGEST_ANSWER) {
    const how = "read the outputs of single nodes at …/values/NODE";
    throw new McpError(
      ErrorCode.InvalidRequest,
      `${uri} has ${text.length} characters, ${LONGEST_ANSWER} at most; ${how}`,
    );
  }
  return { contents: [{ uri, mimeType: JSON_TYPE, text }] };

  async function found(): Promise<unknown> {
    if (nodeId !== undefined) return ask(session, "node", "valueOfExecution", { executionId, nodeId });
    if (part === undefined) return row;
    if (part === "trace") return ask(session, "node", "traceOfExecution", { executionId });
    if (part === "logs") return ask(session, "node", "logsOfExecution", { executionId });
    if (row.endedAt === undefined) {
      throw new McpError(ErrorCode.InvalidRequest, `The execution is ${row.status}; there is no result yet`);
    }
    return ask(session, "node", "resultOfExecution", { executionId });
  }
}
