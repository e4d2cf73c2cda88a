/** What a person or a file hands in that must be seen nowhere: passwords. */
import { readFileSync } from "node:fs";
import { Exit, UsageError } from "./exit.js";
import { oneLine } from "./text.js";

/** Longer input is refused. */
const MOST_BYTES = 64 * 1024;

/** Control characters of a terminal in raw mode. */
const Key = { interrupt: "\u0003", end: "\u0004", backspace: "\b", delete: "\u007f" };

/**
 * Reads a text: from a file where one is named, `-` for standard input; on a terminal as it is typed, without showing it; else from
 * standard input. The line break at its end does not belong to it.
 *
 * @param isTwice whether a person has to type it twice
 * @throws UsageError for what cannot be read, is no UTF-8, or was typed in two ways
 */
export async function hiddenText(prompt: string, file: string | undefined, isTwice = false): Promise<string> {
  if (file !== undefined && file !== "-") return textOf(fileBytes(file), oneLine(file));
  if (file === "-" || !process.stdin.isTTY) return textOf(await inputBytes(), "Standard input");
  const typed = await typedText(`${prompt}: `);
  if (isTwice && (await typedText(`${prompt} once more: `)) !== typed) {
    throw new UsageError("These were two different ones. Nothing was changed");
  }
  return typed;
}

function fileBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${oneLine(file)} cannot be read: ${oneLine((error as Error).message)}`);
  }
}

async function inputBytes(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).length;
    if (bytes > MOST_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function textOf(bytes: Uint8Array, where: string): string {
  if (bytes.length > MOST_BYTES) throw new UsageError(`${where} has more than ${MOST_BYTES} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new UsageError(`${where} is not UTF-8`);
  }
}

/** One line from a terminal that shows nothing of it. */
function typedText(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolve) => {
    const typed: string[] = [];
    const restore = () => void stdin.setRawMode(false);
    const end = () => {
      stdin.off("data", onData);
      process.off("exit", restore);
      restore();
      stdin.pause();
      stderr.write("\n");
      resolve(typed.join(""));
    };
    const onData = (data: string) => {
      for (const character of data) {
        if (character === Key.interrupt) {
          stderr.write("\n");
          process.exit(Exit.cancelled);
        }
        if (character === "\r" || character === "\n" || character === Key.end) {
          // What was pasted after a line belongs to the next question.
          const rest = data.slice(data.indexOf(character) + 1);
          end();
          if (rest !== "") stdin.unshift(rest);
          return;
        }
        if (character === Key.backspace || character === Key.delete) typed.pop();
        else if (character >= " ") typed.push(character);
      }
    };
    stdin.setEncoding("utf8");
    process.once("exit", restore);
    // What is typed as soon as the question is there is not shown either.
    stdin.setRawMode(true);
    stderr.write(prompt);
    stdin.on("data", onData);
    stdin.resume();
  });
}
