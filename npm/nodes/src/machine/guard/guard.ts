/** Keeps connections of nodes to where the owner of a conductor allows them. */
import dns, { type LookupAddress } from "node:dns";
import net, { type LookupFunction } from "node:net";

import { NodeError } from "../../contract/error.js";
import type { NetworkAccess } from "../../contract/network-access.js";
import { isPublic, isWithin, networksOf } from "./addresses.js";
import { type HasHost, hostList, plainHost } from "./hosts.js";

/** Looks up all addresses of a name, as `dns.lookup` does with `all`. */
export type Resolve = (
  name: string,
  options: dns.LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** What the owner allows, ready to be asked. */
export interface Guard {
  /**
   * Refuses a host that is not listed, and an address that is not allowed. A name is looked up later, by `lookup`.
   *
   * @throws NodeError EXECUTION_FAILED, which no further try mends
   */
  check(host: string, port: number): void;
  /** Looks a name up for a connection, and fails unless every address of it is allowed: so it leads to one that was checked. */
  lookup: LookupFunction;
  /** Looks a host up once, checks it, and gives the address to connect to. */
  addressOf(host: string, port: number): Promise<string>;
  /** A socket that connects nowhere else. */
  socket(): net.Socket;
}

const guards = new WeakMap<NetworkAccess, Guard>();

/** The guard of an owner's setting; one for each, however often it is asked for. */
export function guardOf(access: NetworkAccess): Guard {
  let guard = guards.get(access);
  if (guard === undefined) {
    guard = createGuard(access);
    guards.set(access, guard);
  }
  return guard;
}

/**
 * Makes the guard of a setting.
 *
 * @param resolve looks names up. Default: as the system does
 * @throws NodeError INVALID_PARAMETERS for a setting that cannot be read: then nothing is allowed
 */
export function createGuard(access: NetworkAccess, resolve: Resolve = dns.lookup): Guard {
  const { privateAddresses = true, hosts } = access;
  const allowed = Array.isArray(privateAddresses) ? networksOf(privateAddresses) : [];
  const has: HasHost = hosts === undefined ? () => true : hostList(hosts);
  const isAllowed = (address: string): boolean =>
    privateAddresses === true || isPublic(address) || (net.isIP(address) !== 0 && isWithin(address, allowed));

  const check = (host: string, port: number): void => {
    const name = plainHost(host);
    if (!has(name, port)) throw refusal(name, "it is not among the hosts that are allowed", HOSTS);
    if (net.isIP(name) !== 0 && !isAllowed(name)) throw refusal(name, "it is not a public address");
  };

  const lookup: LookupFunction = (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error(`no address of ${name}`), "", 0);
      // One of several is enough: which of them is taken is up to chance, or to the owner of the name.
      if (!addresses.every(({ address }) => isAllowed(address))) {
        return callback(refusal(name, "it has an address that is not public"), "", 0);
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

  return {
    check,
    lookup,
    addressOf(host, port) {
      check(host, port);
      const name = plainHost(host);
      if (net.isIP(name) !== 0) return Promise.resolve(name);
      return new Promise((found, failed) => {
        lookup(name, {}, (error, address) => (error ? failed(error) : found(address as string)));
      });
    },
    socket: () => guardedSocket(check, lookup),
  };
}

/** For clients that are given a socket and connect it themselves, by port and host. */
function guardedSocket(check: Guard["check"], lookup: LookupFunction): net.Socket {
  const socket = new net.Socket();
  const connect = socket.connect.bind(socket) as (options: net.TcpNetConnectOpts) => net.Socket;
  const guarded = (port: unknown, host: unknown): net.Socket => {
    try {
      if (typeof port !== "number" || typeof host !== "string") {
        throw refusal(String(port), "it is no host of a network", HOSTS);
      }
      check(host, port);
      return connect({ port, host: plainHost(host), lookup });
    } catch (error) {
      return socket.destroy(error as Error);
    }
  };
  return Object.assign(socket, { connect: guarded as typeof socket.connect });
}

const PRIVATE =
  "The owner of the conductor allows addresses that are not public with `--allow-private-addresses` of `conductor serve`, or with " +
  '`network: { privateAddresses: true }`, or a list such as `["10.1.0.0/16"]` there, in `createConductor` or conductor.config.';
const HOSTS =
  "The owner of the conductor allows hosts with `network: { hosts: [...] }` in `createConductor` or conductor.config.";

/** Tells no address that a name has: that is nothing for those who may not connect to it. */
function refusal(host: string, why: string, how = PRIVATE): NodeError {
  return new NodeError("EXECUTION_FAILED", `Connections to ${host} are not allowed here: ${why}`, {
    advice: [how],
    retry: false,
  });
}
