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

/** Sessions with a server. */
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
  onAuthExpired(callback: (event?: unknown) => void): Unsubscribe;
}

/** What a page knows of its session. */
const session = (z: Zod) =>
  z
    .object({ token: z.string().optional() })
    .nullish()
    .transform((given) => given ?? {});

/** A caller without a session must be able to begin one: all of it is for viewers. */
export const auth: Declaration<AuthApi> = {
  channel: "auth",
  subject: "authentication",
  size: "words",
  methods: {
    login: {
      role: "viewer",
      wire: whole,
      schema: (z) => z.object({ username: z.string(), password: z.string() }),
    },
    redeem: {
      role: "viewer",
      wire: whole,
      schema: (z) => z.object({ code: z.string(), verifier: z.string() }),
    },
    logout: { role: "viewer", wire: whole, schema: session, answers: "nothing" },
    getCurrentUser: { role: "viewer", wire: whole, schema: session },
    refreshToken: { role: "viewer", wire: whole, schema: session },
  },
  events: { onAuthExpired: { event: "sessionExpired", role: "viewer", mayBeEmpty: true } },
};
