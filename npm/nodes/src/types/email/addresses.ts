/** Addresses of mail, and what may stand in a header. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";

/** An address as nodemailer takes it. */
export interface Mailbox {
  name: string;
  address: string;
}

/** Takes text with addresses apart; nodemailer's `addressparser`. */
export type ParseAddresses = (text: string) => Mailbox[];

/**
 * Text for a header, in one line.
 *
 * @throws NodeError INVALID_PARAMETERS for line breaks and other control characters, by which further headers could come in
 */
export function headerText(value: string, name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) return value;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`${name}\` has a line break or control character, which no header may have`,
  );
}

/**
 * The addresses of a parameter: text with commas between them, or a list with one each.
 *
 * @throws NodeError INVALID_PARAMETERS naming the parameter and what is no address
 */
export function addressesOf(value: unknown, name: string, parse: ParseAddresses): Mailbox[] {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "string") return parsed(value, name, parse);
  if (!Array.isArray(value)) throw refused(name, "must be text or a list of text", value);
  return value.flatMap((each: unknown, position) => {
    const place = `${name}[${position}]`;
    if (typeof each !== "string") throw refused(place, "must be text", each);
    const found = parsed(each, place, parse);
    // Data that says whom to write to is not to add others.
    if (found.length !== 1) throw refused(place, "must be one address", each);
    return found;
  });
}

function parsed(text: string, name: string, parse: ParseAddresses): Mailbox[] {
  const found = parse(headerText(text, name)).map((each) => ({ name: each.name, address: each.address }));
  // A comma that is missing makes one address the name of another.
  const isAddress = ({ name, address }: Mailbox) => /^[^\s@<>]+@[^\s@<>]+$/.test(address) && !name.includes("@");
  if (found.length > 0 && found.every(isAddress)) return found;
  throw refused(name, "must have addresses such as `ada@example.com` or `Ada <ada@example.com>`", text);
}

function refused(name: string, rule: string, value: unknown): NodeError {
  return new NodeError("INVALID_PARAMETERS", `\`${name}\` ${rule}, found ${foundText(value)}`);
}
