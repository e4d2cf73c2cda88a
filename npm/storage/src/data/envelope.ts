import { isPlainObject, type Plain, type PlainObject } from "./plain.js";

/** A flow file as the desktop writes it: the flow as `data`, with facts about the file around it. */
export interface FlowEnvelope extends PlainObject {
  version: string;
  metadata: PlainObject;
  data: PlainObject;
}

/** Whether a document is an envelope, and not itself a node that happens to have a field `data`. */
export function isEnvelope(document: Plain | undefined): document is FlowEnvelope {
  return (
    isPlainObject(document) &&
    isPlainObject(document["data"]) &&
    document["version"] !== undefined &&
    !["id", "type", "nodes", "edges"].some((key) => Object.hasOwn(document, key))
  );
}

/** The flow in a document: the `data` of an envelope, or the document itself. */
export function contentOf(document: Plain): Plain {
  return isEnvelope(document) ? document.data : document;
}

/** An envelope around a node. What stands in the one `before` stays, unless `metadata` says otherwise. */
export function enveloped(
  data: PlainObject,
  before: Plain | undefined,
  metadata: PlainObject,
  now: string,
): FlowEnvelope {
  const old = isEnvelope(before) ? before : { version: "1.0.0", metadata: {} };
  const kept = isPlainObject(old.metadata) ? old.metadata : {};
  const name = metadata["name"] ?? data["name"] ?? kept["name"] ?? data["id"] ?? null;
  const createdAt = metadata["createdAt"] ?? kept["createdAt"] ?? now;
  return { ...old, metadata: { ...kept, ...metadata, name, createdAt, updatedAt: now }, data };
}
