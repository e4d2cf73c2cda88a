/** Who signed in at an issuer, and the role of that person: read from claims. */
import { createHash } from "node:crypto";
import { coded } from "../../../engine/failure.js";
import type { Role } from "../../../services/declaration.js";
import { ROLES } from "../../access.js";
import type { OpenIdSettings } from "./settings.js";

/** Claims that an issuer signed, or told over a connection of this server. */
export type Claims = Readonly<Record<string, unknown>>;

/** A person at an issuer. */
export interface Person {
  issuer: string;
  /** The identifier of the person there, which never becomes another one's. */
  subject: string;
  /** For people to read; nothing depends on it. */
  email?: string;
}

/** What names of people at issuers begin with; no user with a password has such a name. */
export const OPENID_PREFIX = "openid:";

/** The name of a person as a user: two of different issuers, or whose subjects differ in capitals, are two. */
export function nameOf({ issuer, subject }: Person): string {
  return `${OPENID_PREFIX}${subject}@${issuer}`;
}

/** The id of the user with the name of a person. */
export function idOfName(name: string): string {
  return OPENID_PREFIX + createHash("sha256").update(name).digest("hex").slice(0, 32);
}

/** Reads who it is. Throws VALIDATION_FAILED for a subject that cannot be. */
export function personOf({ iss, sub, email, email_verified: isVerified }: Claims): Person {
  // OpenID Connect Core, 2: at most 255 characters of ASCII. Others could look like another person's.
  if (typeof iss !== "string" || typeof sub !== "string" || !/^[\x21-\x7e]{1,255}$/.test(sub)) {
    throw coded("VALIDATION_FAILED", "The issuer names the person by something that is no identifier", undefined);
  }
  const isShown =
    typeof email === "string" && email.length <= 254 && !/[\p{C}\p{Z}]/u.test(email) && isVerified !== false;
  return { issuer: iss, subject: sub, ...(isShown && { email }) };
}

/** The role that claims give; `undefined` for none. */
export function roleOf(claims: Claims, { roles, default: usual }: OpenIdSettings): Role | undefined {
  const values = roles === undefined ? [] : [valueAt(claims, roles.claim)].flat();
  const mapped = values.flatMap((value) =>
    typeof value === "string" && roles !== undefined && Object.hasOwn(roles.map, value)
      ? [roles.map[value] as Role]
      : [],
  );
  // Anyone may say that an address is theirs.
  const isSure = roles?.claim !== "email" || claims.email_verified === true;
  const highest = isSure ? ROLES.findLast((role) => mapped.includes(role)) : undefined;
  return highest ?? usual;
}

function valueAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let found: unknown = claims;
  for (const part of name.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}
