/** The service of sessions. */
import { type Declaration, type Unsubscribe, whole, type Zod } from "./declaration.js";

/** A user who is logged in. */
export interface AuthUser {
  id?: string;
  username: string;
  email?: string;
  roles?: string[];
  [key: string]: unknown;
}

/** What logging in gives. */
export interface AuthSession {
  token: string;
  user?: AuthUser;
  /** ISO 8601, or ms since the epoch. */
  expiresAt?: string | number;
  [key: string]: unknown;
}

/** A session of a user. Moments are in ISO 8601. */
export interface UserSession {
  id: string;
  startedAt: string;
  /** When it was used last, to the minute. An open connection uses it. */
  usedAt: string;
  expiresAt: string;
  /** The address of the client that used it last, where the server knows it. */
  address?: string;
}

/** A session of the user who asks. */
export interface OwnSession extends UserSession {
  /** Whether it is the one that asks. */
  isCurrent: boolean;
}

/**
 * Sessions with a server. What is about the account of a user rejects for callers with a key, which have neither a password nor sessions
 * (INVALID_PARAMETERS).
 */
export interface AuthApi {
  /** Rejects wrong credentials with `Invalid credentials`. */
  login(credentials: { username: string; password: string }): Promise<AuthSession>;
  /**
   * Begins the session that a sign-in at an issuer of OpenID Connect ended with, by the one-time code in the address of this page and
   * the text whose SHA-256 that sign-in was begun with. Rejects with VALIDATION_FAILED for a code that is not good any more.
   */
  redeem(proof: { code: string; verifier: string }): Promise<AuthSession>;
  /** Forgets the token once the server has ended the session, or at once where there is no server. Rejects where one refuses. */
  logout(): Promise<void>;
  /** Null when no user is logged in. */
  getCurrentUser(): Promise<AuthUser | null>;
  refreshToken(): Promise<AuthSession>;
  /**
   * Sets another password of the user who is logged in, and ends all other sessions of this user. Rejects with VALIDATION_FAILED
   * where `current` is not the present password, with INVALID_PARAMETERS for a new one that cannot be and for users who log in at an
   * issuer, and with RATE_LIMIT_EXCEEDED after too many that were wrong, as `login` does.
   */
  changePassword(passwords: { current: string; password: string }): Promise<void>;
  /** The sessions of the user who is logged in, those that were used last first. */
  listSessions(): Promise<OwnSession[]>;
  /** Ends another session of the user; rejects with INVALID_PARAMETERS where there is no such one, and for the own, which `logout` ends. */
  endSession(session: { id: string }): Promise<void>;
  /** Ends all sessions of the user but the own. */
  endOtherSessions(): Promise<void>;
  onAuthExpired(callback: (event?: unknown) => void): Unsubscribe;
}

/** What a page knows of its session; a server sets both itself. */
const ofSession = (z: Zod) => ({ token: z.string().optional(), address: z.string().optional() });

const session = (z: Zod) =>
  z
    .object(ofSession(z))
    .nullish()
    .transform((given) => given ?? {});

/** A caller without a session must be able to begin one, and to learn that it has no session. */
const forStrangers = { role: "viewer", isForStrangers: true, wire: whole } as const;
const ofAccount = { role: "viewer", wire: whole } as const;

export const auth: Declaration<AuthApi> = {
  channel: "auth",
  subject: "authentication",
  size: "words",
  methods: {
    login: {
      ...forStrangers,
      schema: (z) => z.object({ ...ofSession(z), username: z.string(), password: z.string() }),
    },
    redeem: { ...forStrangers, schema: (z) => z.object({ ...ofSession(z), code: z.string(), verifier: z.string() }) },
    logout: { ...forStrangers, schema: session, answers: "nothing" },
    getCurrentUser: { ...forStrangers, schema: session },
    refreshToken: { ...forStrangers, schema: session },
    changePassword: {
      ...ofAccount,
      schema: (z) => z.object({ ...ofSession(z), current: z.string(), password: z.string() }),
      answers: "nothing",
    },
    listSessions: { ...ofAccount, schema: session },
    endSession: { ...ofAccount, schema: (z) => z.object({ ...ofSession(z), id: z.string() }), answers: "nothing" },
    endOtherSessions: { ...ofAccount, schema: session, answers: "nothing" },
  },
  events: { onAuthExpired: { event: "sessionExpired", role: "viewer", mayBeEmpty: true } },
};
