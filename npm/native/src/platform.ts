import { readFileSync } from "node:fs";

/**
 * The platform this process runs on, as addons are named for it: `<platform>-<arch>`, on Linux with the C library
 * (`-gnu` or `-musl`).
 */
export function platformName(): string {
  const abi = process.platform === "linux" ? (usesGlibc() ? "-gnu" : "-musl") : "";
  return `${process.platform}-${process.arch}${abi}`;
}

function usesGlibc(): boolean {
  // Where the loader's own script says which library it is for, that spares the process report, which takes 5 ms.
  try {
    const loader = readFileSync("/usr/bin/ldd", "utf8");
    if (loader.includes("musl")) return false;
    if (loader.includes("GNU C Library") || loader.includes("GLIBC")) return true;
  } catch {
    // No such script: ask the report.
  }
  // Left in, the network would have the report look up the names of all open connections.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  if (before !== undefined) report.excludeNetwork = before;
  return Boolean(header.glibcVersionRuntime);
}
