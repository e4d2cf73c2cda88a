/** A program with all that it starts, which end together. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** ms between the request to end and the end by force. */
const GRACE = 2000;
/** ms between looks at whether the group is gone. */
const POLL = 20;

const isWindows = process.platform === "win32";

/** With this, a program leads a group of its own. On Windows it would open a console. */
export const GROUP_OPTIONS = { detached: !isWindows, windowsHide: true } as const;

/**
 * Signals that end this process where it has no listener for them. That of SIGHUP undoes nothing: Node itself undoes what
 * `nohup` says when it starts.
 */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** Windows has no SIGQUIT, and ends what a closed console ran by itself. */
const listened = isWindows ? SIGNALS.slice(0, 2) : SIGNALS;

/** Programs that run or are about to, with the leaders of their groups once they have one. */
const running = new Set<{ leader?: number | undefined }>();

/**
 * Starts a program whose group ends with this process: groups do not get the terminal's Ctrl-C. Returns it with what lets it
 * go.
 */
export function startTied(start: () => ChildProcess): { child: ChildProcess; letGo: () => void } {
  // Listens before the program starts, which may be a while before it is known here.
  if (running.size === 0) {
    process.on("exit", endAll);
    for (const signal of listened) process.on(signal, endWithSignal);
  }
  const group: { leader?: number | undefined } = {};
  running.add(group);
  const letGo = (): void => {
    running.delete(group);
    if (running.size === 0) untie();
  };
  try {
    const child = start();
    group.leader = child.pid;
    return { child, letGo };
  } catch (error) {
    letGo();
    throw error;
  }
}

function untie(): void {
  process.removeListener("exit", endAll);
  for (const signal of listened) process.removeListener(signal, endWithSignal);
}

function endAll(): void {
  for (const { leader } of running) if (leader !== undefined) signalGroup(leader, "SIGKILL");
}

function endWithSignal(signal: NodeJS.Signals): void {
  // Others that listen decide what becomes of this process.
  if (process.listenerCount(signal) > 1) return;
  endAll();
  untie();
  process.kill(process.pid, signal);
}

/**
 * Asks the group to end, and ends it by force where something of it is left after two seconds; at once with `force`. Then
 * no output is waited for any longer: what has left the group might hold it open for ever.
 */
export async function endGroup(child: ChildProcess, force: boolean): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  if (!force) {
    signalGroup(pid, "SIGTERM");
    for (let waited = 0; waited < GRACE && isAlive(pid); waited += POLL) await sleep(POLL);
  }
  if (isAlive(pid)) signalGroup(pid, "SIGKILL");
  // What was written before the end is still read.
  await sleep(POLL);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    if (isWindows)
      spawn("taskkill", ["/pid", String(leader), "/T", "/F"], { windowsHide: true, stdio: "ignore" }).on(
        "error",
        () => {},
      );
    else process.kill(-leader, signal);
  } catch {
    // Nothing of it is left.
  }
}

function isAlive(leader: number): boolean {
  try {
    process.kill(isWindows ? leader : -leader, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
