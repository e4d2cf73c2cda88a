/** `conductor users … --remote`: what users of a server do about their own accounts, from where they are. */
import { createConductor } from "../exports/node.js";
import type { AuthApi } from "../services/auth.js";
import { Exit, UsageError } from "./exit.js";
import { hiddenText } from "./hidden-input.js";
import { apiUrlOf, askWho, isOpenNetwork } from "./remote.js";
import { oneLine } from "./text.js";
import type { UserOptions } from "./users.js";
import { telling } from "./with-store.js";

/** Options of commands on the own account. */
export interface AccountOptions extends UserOptions {
  /** The address of the server. */
  remote: string;
  /** Holds the present password; `-` for standard input. */
  currentPasswordFile?: string;
}

/** Sets another password, which ends all sessions of the user. */
export async function changeOwnPassword(name: string, options: AccountOptions & { passwordFile?: string }) {
  const { currentPasswordFile: from, passwordFile: to } = options;
  const isPiped = (file: string | undefined) => file === "-" || (file === undefined && !process.stdin.isTTY);
  if (isPiped(from) && isPiped(to)) {
    throw new UsageError(
      "Standard input holds one password: give --current-password-file or --password-file for the other",
    );
  }
  return asUser(name, options, async (current) => {
    const password = await hiddenText(`New password of ${oneLine(name)}`, to, true);
    return async (auth) => {
      await auth.changePassword({ current, password });
      process.stderr.write(`${oneLine(name)} has another password, and has to sign in again elsewhere\n`);
    };
  });
}

/** The sessions of the user, without the one that asks. */
export async function ownSessions(name: string, options: AccountOptions, show: ShowSessions): Promise<Exit> {
  return asUser(name, options, async () => async (auth) => {
    show((await auth.listSessions()).filter(({ isCurrent }) => !isCurrent));
  });
}

/** What shows sessions. */
export type ShowSessions = (sessions: Awaited<ReturnType<AuthApi["listSessions"]>>) => void;

/** Ends one session, or all. */
export async function endOwnSessions(name: string, options: AccountOptions & { session?: string }): Promise<Exit> {
  const { session } = options;
  return asUser(name, options, async () => async (auth) => {
    if (session !== undefined) return auth.endSession({ id: session });
    await auth.endOtherSessions();
    process.stderr.write(`${oneLine(name)} has to sign in again\n`);
  });
}

/**
 * Signs in for one command, and out again.
 *
 * @param prepare is given the password before there is a connection: one of a stranger does not last while a person types
 */
async function asUser(
  name: string,
  options: AccountOptions,
  prepare: (password: string) => Promise<(auth: AuthApi) => Promise<void>>,
): Promise<Exit> {
  const ignored = (["store", "audit"] as const).find((option) => options[option] !== undefined);
  if (ignored !== undefined)
    throw new UsageError(`--${ignored} is for the users of a store; leave it out with --remote`);
  const apiUrl = apiUrlOf(options.remote);
  await askWho(apiUrl, undefined);
  if (isOpenNetwork(apiUrl)) {
    process.stderr.write(
      "This address is not encrypted: who sees the network between here and there sees the password\n",
    );
  }
  const password = await hiddenText(`Present password of ${oneLine(name)} at ${apiUrl}`, options.currentPasswordFile);
  const use = await prepare(password);
  return telling(async () => {
    // Such a connection follows no redirect, so that the password goes to the server that was named and to no other.
    const { auth, shutdown } = createConductor({ transport: "websocket", apiUrl });
    try {
      await auth.login({ username: name, password });
      try {
        await use(auth);
      } finally {
        await auth.logout();
      }
      return Exit.success;
    } finally {
      await shutdown();
    }
  });
}
