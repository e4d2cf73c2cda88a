/** Where nodes may connect, as the owner of a conductor says: nothing that a flow holds can change it. */

/**
 * The property under which a node is called with the owner's {@link NetworkAccess}. It is a symbol, so that no parameter of a
 * flow can stand in its place, and a property of the object itself, so that it survives a copy.
 */
export const networkAccess: unique symbol = Symbol.for("@atomiton/network-access") as never;

/** Where nodes of this library may connect. */
export interface NetworkAccess {
  /**
   * Whether nodes may connect to addresses that are not public: loopback, private networks, link-local addresses with the
   * metadata services of clouds, carrier-grade NAT, multicast, and addresses that carry another one inside, such as NAT64 and
   * 6to4. A list allows these of them, by address or network: `["10.1.0.0/16", "::1"]`. Default: true.
   */
  readonly privateAddresses?: boolean | readonly string[] | undefined;
  /**
   * The hosts to which nodes may connect, also by redirects: `"api.example.com"`, `"*.example.com"` for all below it,
   * `"db.example.com:5432"` for one port only. Default: all.
   */
  readonly hosts?: readonly string[] | undefined;
}
