/**
 * The script of a thread that reads or writes one Parquet file. What a hostile file costs is the thread's memory and time,
 * which end with it.
 */
import type { AsyncBuffer } from "hyparquet";

import { messageOf } from "../../../contract/error.js";
import type { ParquetAnswer, ParquetTask } from "./messages.js";
import { readParquet } from "./reading.js";
import { Refused } from "./refused.js";
import { writeParquet } from "./writing.js";

/** What the host puts there before the script: a classic script cannot import Node's own modules. */
declare const port: { postMessage(message: ParquetAnswer, transfer?: ArrayBuffer[]): void };
declare const task: ParquetTask;
declare const openFile: (path: string) => AsyncBuffer;

const say = (message: ParquetAnswer) => port.postMessage(message);

async function work(): Promise<void> {
  if ("write" in task) {
    const file = writeParquet(task.write);
    return port.postMessage({ file }, [file]);
  }
  const file = "path" in task.read ? openFile(task.read.path) : bufferOf(task.read.bytes);
  const { columns, lostDigits } = await readParquet(file, (rows) => say({ rows }));
  say({ columns, lostDigits });
}

function bufferOf(bytes: Uint8Array): AsyncBuffer {
  const { byteLength } = bytes;
  const memory = bytes.slice().buffer as ArrayBuffer;
  return { byteLength, slice: (start, end) => memory.slice(start, end) };
}

work().catch((error: unknown) => {
  const code = error instanceof Refused ? error.code : "DESERIALIZATION_FAILED";
  say({ failed: { code, message: messageOf(error) } });
});
