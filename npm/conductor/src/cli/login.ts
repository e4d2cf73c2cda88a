/** `conductor login` and `logout`: the keys of servers on this machine. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Exit, UsageError } from "./exit.js";
import { forgetKey, keepKey, keptKeysFile } from "./kept-keys.js";
import { apiUrlOf, askWho, checkedKey, isOpenNetwork } from "./remote.js";
import { oneLine } from "./text.js";

/** What is read of standard input at most, in bytes. */
const LONGEST_INPUT = 4096;

/** Asks for a key, or reads it from standard input, and keeps it once the server knows it. */
export async function login(address: string): Promise<Exit> {
  const apiUrl = apiUrlOf(address);
  if (isOpenNetwork(apiUrl)) {
    process.stderr.write("This address is not encrypted: who sees the network between here and there sees the key\n");
  }
  const isTyped = process.stdin.isTTY === true;
  const key = checkedKey(isTyped ? await typedKey(apiUrl) : await pipedKey(), isTyped ? "The line" : "Standard input");
  const user = await askWho(apiUrl, key);
  if (user === undefined) {
    process.stderr.write(`The server at ${apiUrl} does not know this key; it is not kept\n`);
    return Exit.failed;
  }
  keepKey(apiUrl, key);
  const roles = (user.roles ?? []).map(oneLine).join(", ");
  process.stdout.write(`Signed in at ${apiUrl} as ${oneLine(user.username)}${roles === "" ? "" : ` (${roles})`}\n`);
  process.stderr.write(`The key is kept in ${keptKeysFile()}\n`);
  return Exit.success;
}

/** Forgets a key. It stays good: who has it may use it until it is removed at the server. */
export function logout(address: string): Exit {
  const apiUrl = apiUrlOf(address);
  if (!forgetKey(apiUrl)) throw new UsageError(`No key of ${apiUrl} is kept here`);
  process.stdout.write(`The key of ${apiUrl} is kept no longer\n`);
  return Exit.success;
}

/** A line of the terminal, which does not show it. */
async function typedKey(apiUrl: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Only now the terminal does not show what is typed.
  process.stderr.write(`The key for ${apiUrl} (it is not shown): `);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.on("line", resolve);
      const end = () => reject(new UsageError("No key was given"));
      lines.on("SIGINT", end).on("close", end);
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

async function pipedKey(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += chunk;
    if (text.length > LONGEST_INPUT) throw new UsageError("Standard input holds more than a key");
  }
  return text;
}
