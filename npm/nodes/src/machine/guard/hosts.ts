/** Lists of hosts. */
import { NodeError } from "../../contract/error.js";

/** Whether a list of hosts has one, at a port. */
export type HasHost = (host: string, port: number) => boolean;

/**
 * Reads a list of hosts: a name or address, `*.` before a name for all names below it, `:port` behind for that port only.
 *
 * @throws NodeError INVALID_PARAMETERS for what is no host
 */
export function hostList(entries: readonly string[]): HasHost {
  const rules = entries.map(ruleOf);
  return (host, port) => {
    const name = plainHost(host);
    return rules.some(
      (rule) =>
        (rule.isBelow ? name.endsWith(`.${rule.host}`) : name === rule.host) &&
        (rule.port === undefined || rule.port === port),
    );
  };
}

interface Rule {
  host: string;
  isBelow: boolean;
  port: number | undefined;
}

function ruleOf(entry: string): Rule {
  const isBelow = entry.startsWith("*.");
  const text = isBelow ? entry.slice(2) : entry;
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (name !== "" && !/[/@?#\\\s*]/.test(name) && URL.canParse(`http://${name}/`) && (port ?? 1) < 65_536) {
    return { host: plainHost(new URL(`http://${name}/`).hostname), isBelow, port };
  }
  throw new NodeError(
    "INVALID_PARAMETERS",
    `The setting \`network.hosts\` lists hosts such as api.example.com, *.example.com and db.example.com:5432, found ${JSON.stringify(entry)}`,
  );
}

/** A host as it is compared: in small letters, without the dot that ends a whole name, an address without brackets. */
export function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}
