import { type FlowTable, judged, type NewFlowVersion } from "./flow-table.js";

/** Texts that several things need, each kept once under its hash. */
export interface SharedTexts {
  keep(hash: string, text: string): void;
  get(hash: string): string;
  release(hash: string): void;
}

interface Version {
  version: number;
  hash: string;
  documentHash: string;
  savedAt: number;
}

interface Flow {
  /** The last one is the current one. */
  versions: Version[];
  item: string;
  deletedAt?: number | undefined;
}

/** The tables of flows of a store in memory. */
export function memoryFlows(documents: SharedTexts): FlowTable {
  const flows = new Map<string, Flow>();

  const add = (before: Flow | undefined, { id, hash, documentHash, item, at }: NewFlowVersion): Version => {
    const last = before?.versions.at(-1)?.version ?? 0;
    const version = { version: last + 1, hash, documentHash, savedAt: at };
    flows.set(id, { versions: [...(before?.versions ?? []), version], item });
    return version;
  };

  return {
    async save(given) {
      const before = flows.get(given.id);
      const current = before?.deletedAt === undefined ? before?.versions.at(-1) : undefined;
      const fate = judged(current, given);
      if (fate === "refused") return { version: current?.version ?? 0, isRefused: true, savedAt: current?.savedAt };
      documents.keep(given.documentHash, given.document);
      if (fate === "renewed" && before !== undefined && current !== undefined) {
        documents.release(current.documentHash);
        current.documentHash = given.documentHash;
        before.item = given.item;
        return { version: current.version, isRefused: false, savedAt: current.savedAt };
      }
      return { version: add(before, given).version, isRefused: false, savedAt: given.at };
    },
    async find(id, version) {
      const flow = flows.get(id);
      const found =
        version === undefined ? flow?.versions.at(-1) : flow?.versions.find((each) => each.version === version);
      if (flow === undefined || found === undefined) return undefined;
      const { item, deletedAt } = flow;
      return {
        ...found,
        document: documents.get(found.documentHash),
        item,
        ...(deletedAt !== undefined && { deletedAt }),
      };
    },
    async list(prefix) {
      const shown = [...flows].filter(([id, { deletedAt }]) => deletedAt === undefined && id.startsWith(prefix));
      return shown.map(([, { item }]) => JSON.parse(item));
    },
    async remove(id, at) {
      const flow = flows.get(id);
      if (flow === undefined || flow.deletedAt !== undefined) return undefined;
      flow.deletedAt = at;
      return flow.item;
    },
    async history(id, limit, before = Number.POSITIVE_INFINITY) {
      const flow = flows.get(id);
      if (flow === undefined) return undefined;
      const versions = flow.versions.filter(({ version }) => version < before).reverse();
      const { deletedAt } = flow;
      return { versions: versions.slice(0, limit), ...(deletedAt !== undefined && { deletedAt }) };
    },
    async prune({ deletedBefore = Number.NEGATIVE_INFINITY, keepVersions = Number.POSITIVE_INFINITY }) {
      let count = 0;
      for (const [id, flow] of flows) {
        const isGone = flow.deletedAt !== undefined && flow.deletedAt < deletedBefore;
        const gone = flow.versions.splice(
          0,
          isGone ? flow.versions.length : Math.max(0, flow.versions.length - keepVersions),
        );
        for (const { documentHash } of gone) documents.release(documentHash);
        count += gone.length;
        if (flow.versions.length === 0) flows.delete(id);
      }
      return count;
    },
  };
}
