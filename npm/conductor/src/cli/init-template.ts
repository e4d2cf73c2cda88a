/** `conductor init --template`: the files of a template. `conductor init --list-templates`: what templates there are. */
import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { closeNames, namesText } from "@atomiton/nodes/definitions";
import { getFlowTemplate, listFlowTemplates } from "@atomiton/nodes/templates/flows";
import pc from "./colour.js";
import { Exit, UsageError } from "./exit.js";
import { TEMPLATE_FILES, type TemplateFiles } from "./templates/shelf.js";
import { column, oneLine } from "./text.js";

/** Where a flow of the checkout finds the schema. */
const SCHEMA_LINE = /^# yaml-language-server: \$schema=\S+/;

/** Prints the slugs of all templates and what they do. */
export function listTemplates(): Exit {
  const templates = listFlowTemplates();
  const width = Math.max(...templates.map(({ slug }) => slug.length)) + 2;
  const lines = templates.map(({ slug, description }) => `${pc.bold(column(slug, width))}${description}\n`);
  process.stdout.write(`${lines.join("")}\nconductor init --template <name> [folder] writes the files of one.\n`);
  return Exit.success;
}

/**
 * Writes the flow of a template and what it needs into a folder, which may hold other files.
 *
 * @throws UsageError for a template that there is not, where one of its files is there already, and for a folder that cannot be
 *   written
 */
export function initTemplate(name: string, folder: string): Exit {
  const slug = slugOf(name);
  const { flow, data, steps, note } = TEMPLATE_FILES[slug] as TemplateFiles;
  const target = resolve(folder);
  const installed = installedFrom(target);
  const schema = `${installed ?? "."}/node_modules/@atomiton/conductor/flow.schema.json`;
  const files: TemplateFiles["data"] = Object.fromEntries(
    Object.entries({ [`${slug}.flow.yaml`]: flow, ...data }).map(([path, content]) => [
      path,
      typeof content === "string" ? content.replace(SCHEMA_LINE, `# yaml-language-server: $schema=${schema}`) : content,
    ]),
  );
  const taken = Object.keys(files).filter((path) => isThere(join(target, path)));
  if (taken.length > 0) {
    const [they, it] = taken.length === 1 ? ["is", "it"] : ["are", "them"];
    throw new UsageError(
      `Nothing was written: in ${target} there ${they} already ${taken.map(oneLine).join(", ")}. Move ${it} away, or name another folder: conductor init --template ${slug} FOLDER`,
    );
  }
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      // Never over a file that came in the meantime.
      writeFileSync(join(target, path), typeof content === "string" ? content : content(), { flag: "wx" });
    }
  } catch (error) {
    throw new UsageError(`The template cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  const all = [
    ...(target === process.cwd() ? [] : [`cd ${/[^\w./-]/.test(folder) ? JSON.stringify(folder) : folder}`]),
    ...(installed === undefined ? ["npm install @atomiton/conductor"] : []),
    ...steps,
  ];
  process.stdout.write(
    `Made ${Object.keys(files).length === 1 ? "1 file" : `${Object.keys(files).length} files`} in ${target}:\n${list(
      Object.keys(files),
    )}${note === undefined ? "" : `\n${note}\n`}\nGo on with:\n${list(all)}`,
  );
  return Exit.success;
}

function slugOf(name: string): string {
  const id = getFlowTemplate(name)?.id;
  const slugs = listFlowTemplates();
  const slug = slugs.find((template) => template.id === id)?.slug;
  if (slug !== undefined && Object.hasOwn(TEMPLATE_FILES, slug)) return slug;
  const names = slugs.map((template) => template.slug);
  const close = closeNames(name, names);
  const hint = close.length > 0 ? ` Did you mean ${namesText(close)}?` : "";
  throw new UsageError(`There is no template "${oneLine(name)}"; there are ${names.join(", ")}.${hint}`);
}

/** How the nearest folder that has this package installed is reached from a folder: `.`, `..`, `../..` and so on. */
function installedFrom(folder: string): string | undefined {
  let way = ".";
  for (let at = folder; ; at = dirname(at)) {
    if (isThere(join(at, "node_modules", "@atomiton", "conductor"))) return way;
    if (dirname(at) === at) return undefined;
    way = way === "." ? ".." : `${way}/..`;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join("");
}
