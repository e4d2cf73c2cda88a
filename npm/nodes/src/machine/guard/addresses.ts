/** Which addresses are public. */
import ipaddr from "ipaddr.js";

import { NodeError } from "../../contract/error.js";

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Global unicast addresses; all others are for something else. */
const GLOBAL: Network = ipaddr.parseCIDR("2000::/3");

/** What is not public although its range is one of ordinary addresses. */
const SPECIAL: readonly Network[] = [
  // The service of Azure that hands out credentials and configuration to virtual machines.
  "168.63.129.16/32",
  // Assignments for protocols, among them Teredo, which carries an IPv4 address inside.
  "2001::/23",
  // Documentation.
  "3fff::/20",
].map((text) => ipaddr.parseCIDR(text));

/** Whether an address, as the system writes it, is one of the public internet. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === "ipv6" && !isWithin(parsed, [GLOBAL])) return false;
  return parsed.range() === "unicast" && !isWithin(parsed, SPECIAL);
}

/**
 * The networks of a setting; an address is a network of its own.
 *
 * @throws NodeError INVALID_PARAMETERS for text that is neither
 */
export function networksOf(texts: readonly string[]): readonly Network[] {
  return texts.map((text) => {
    // Short and octal forms of addresses mean other ones to other readers.
    if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) return ipaddr.parseCIDR(text);
    if (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)) {
      const address = ipaddr.parse(text);
      return [address, address.kind() === "ipv4" ? 32 : 128];
    }
    throw new NodeError(
      "INVALID_PARAMETERS",
      `The setting \`network.privateAddresses\` lists addresses and networks such as 10.1.0.0/16, found ${JSON.stringify(text)}`,
    );
  });
}

/** Whether an address lies in one of the networks. */
export function isWithin(address: string | ipaddr.IPv4 | ipaddr.IPv6, networks: readonly Network[]): boolean {
  const parsed = typeof address === "string" ? ipaddr.parse(address) : address;
  return networks.some(([base, bits]) => base.kind() === parsed.kind() && parsed.match(base, bits));
}
