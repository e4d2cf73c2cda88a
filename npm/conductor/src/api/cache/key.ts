/** What an output is made from, as a key: the same for the same, and another for anything else. */
import { messageOf } from "@atomiton/values";

import { effectsOfStep, type ReusableStep } from "../../engine/reuse.js";
import type { BackingRows, RowsBehind } from "../../executions/rows-text.js";
import { contentText, NotReusable } from "./content.js";

/** What keys are made with. */
export interface KeyMaker {
  /** SHA-256 in hexadecimal digits. */
  hash(data: Uint8Array): string | Promise<string>;
  rowsBehind?: RowsBehind | undefined;
  /** SHA-256 of rows in hexadecimal digits, which lets the host have its turns meanwhile; missing where there are none. */
  hashOfRows?(texts: Iterable<string>): Promise<string>;
  /** What relative paths of nodes begin at. */
  place?(): string;
}

/** Raised when keys are made otherwise, so that what was kept before is not found again. */
const FORMAT = 1;

/** Takes the place of the version of a type that has none: what its code does is known of this process alone. */
const THIS_PROCESS = randomText();
/** Of what secrets are in, keys are made with this, so that nothing can be learned from a key. */
const KEY_OF_KEYS = randomText();

const encoder = new TextEncoder();

/**
 * The key of a leaf's output: of the node's type and its version, and of what it gets — its parameters, its input, the
 * variables of the run, and what its user code reads. `ownKey` of its policy stands for what it gets; then its parameters count
 * as they are written, with expressions as text. Where it looks at the world, it also counts where it may do so.
 *
 * @throws NotReusable naming what has no form as text; what an expression of the key throws
 */
export async function keyOf(step: ReusableStep, ownKey: string | undefined, maker: KeyMaker): Promise<string> {
  const key = step.call.cacheKey === undefined ? ownKey : step.call.cacheKey();
  if (ownKey !== undefined && (key === undefined || key === null || key === "")) {
    throw new NotReusable("the `key` of its `cache` is empty");
  }
  try {
    return await hashOf(step, ownKey !== undefined, key, maker);
  } catch (error) {
    if (error instanceof NotReusable) throw error;
    throw new NotReusable(`what it is made from cannot be told: ${messageOf(error)}`);
  }
}

async function hashOf(step: ReusableStep, hasKey: boolean, key: unknown, maker: KeyMaker): Promise<string> {
  const { call, node, executable, readsSecrets, isSecret } = step;
  const rows: BackingRows[] = [];
  const part = (value: unknown, name: string) =>
    contentText(value, name, maker.rowsBehind, (found, fields) => {
      rows.push(found);
      // Of no other value is there such a tag. What is in the rows follows at the end.
      return { $type: "rows", headers: [...found.headers], fields };
    });
  const parts = [String(FORMAT), JSON.stringify(node.type), JSON.stringify(executable.version ?? THIS_PROCESS)];
  if (!hasKey) {
    parts.push(
      '"content"',
      byName(step.parameters, (value, name) => part(value, `parameter \`${name}\``)),
      part(call.input, "its input"),
      byName(call.run.variables, (value, name) => part(value, `the variable \`${name}\``)),
      part(namesOf(step), "what its code reads"),
    );
  } else {
    parts.push(
      '"key"',
      byName(node.parameters, (value, name) => part(value, `parameter \`${name}\``)),
      part(key, "the `key` of its `cache`"),
    );
  }
  if (effectsOfStep(step) !== "none") parts.push(part(placeOf(step, maker), "where it works"));
  for (const { texts } of rows) parts.push(JSON.stringify(await maker.hashOfRows?.(texts())));
  const text = `[${parts.join(",")}]`;
  const hash = (given: string) => maker.hash(encoder.encode(given));
  if (!readsSecrets && !isSecret(text)) return hash(text);
  return hash(`${KEY_OF_KEYS}${await hash(`${KEY_OF_KEYS}${text}`)}`);
}

/** Values by their names, whose order does not matter. */
function byName(
  values: Readonly<Record<string, unknown>> | null | undefined,
  text: (value: unknown, name: string) => string,
): string {
  const names = Object.keys(values ?? {}).sort();
  const pairs = names.map((name) => `${JSON.stringify(name)}:${text(values?.[name], name)}`);
  return `{${pairs.join(",")}}`;
}

function namesOf({ call }: ReusableStep): unknown {
  try {
    return call.names?.();
  } catch {
    // The node fails when it reads them, and says so better.
    throw new NotReusable("what its code reads cannot be read");
  }
}

/** What the owner lets nodes reach, and from where: another conductor with the same cache may see another world. */
function placeOf({ call }: ReusableStep, maker: KeyMaker): unknown {
  const { files, network, programs } = call.owner;
  return [maker.place?.() ?? null, files ?? null, network ?? null, programs ?? null];
}

function randomText(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
