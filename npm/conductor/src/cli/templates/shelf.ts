/** The files of templates: the flow as its author wrote it, what it needs to run at once, and how to run it. */

import dataTransform from "../../../../nodes/src/templates/flows/data-transform.flow.yaml?text";
import databaseSync from "../../../../nodes/src/templates/flows/database-sync.flow.yaml?text";
import fanOut from "../../../../nodes/src/templates/flows/fan-out.flow.yaml?text";
import flakyApi from "../../../../nodes/src/templates/flows/flaky-api.flow.yaml?text";
import helloWorld from "../../../../nodes/src/templates/flows/hello-world.flow.yaml?text";
import imageProcessor from "../../../../nodes/src/templates/flows/image-processor.flow.yaml?text";
import llmExtraction from "../../../../nodes/src/templates/flows/llm-extraction.flow.yaml?text";
import nightlyBackup from "../../../../nodes/src/templates/flows/nightly-backup.flow.yaml?text";
import pictureGallery from "../../../../nodes/src/templates/flows/picture-gallery.flow.yaml?text";
import reportFromCsv from "../../../../nodes/src/templates/flows/report-from-csv.flow.yaml?text";
import scrapeAndDiff from "../../../../nodes/src/templates/flows/scrape-and-diff.flow.yaml?text";
import webhook from "../../../../nodes/src/templates/flows/webhook.flow.yaml?text";
import { picture } from "./picture.js";
import practiceDatabase from "./practice-database.flow.yaml?text";
import practiceServer from "./practice-server.mjs?text";

/** A template as files. */
export interface TemplateFiles {
  /** The flow in YAML. Its file is called by the template's slug, `SLUG.flow.yaml`. */
  flow: string;
  /** Files that it needs, by their paths from the folder of the flow. Bytes are made when they are written. */
  data: Readonly<Record<string, string | (() => Uint8Array)>>;
  /** Commands that run it with these files, in order. */
  steps: readonly string[];
  /** What a person has to know or do before. */
  note?: string;
}

const SERVER = { "practice-server.mjs": practiceServer };
const START_SERVER = "node practice-server.mjs   # in a terminal of its own";
const ORDERS = "customer,amount\nAda,12.50\nGrace,3.20\nAda,80\nLinus,n/a\n";
const PICTURES = {
  "pictures/dawn.png": () => picture({ width: 640, height: 400, from: [250, 180, 90], to: [60, 90, 170] }),
  "pictures/coast/noon.png": () => picture({ width: 400, height: 640, from: [120, 190, 250], to: [230, 220, 170] }),
};

/** By slug. Every template of `@atomiton/nodes` is here. */
export const TEMPLATE_FILES: Readonly<Record<string, TemplateFiles>> = {
  "hello-world": { flow: helloWorld, data: {}, steps: ["npx conductor run hello-world.flow.yaml --input name=Ada"] },
  "data-transform": {
    flow: dataTransform,
    data: { "data/orders.csv": ORDERS },
    steps: ["npx conductor run data-transform.flow.yaml --input file=data/orders.csv"],
  },
  "image-processor": {
    flow: imageProcessor,
    data: {},
    steps: ["npx conductor validate image-processor.flow.yaml"],
    note:
      "It does not run yet: `image-loop` has no nodes inside. Move those that are to run for each picture into it, or start " +
      "from the template picture-gallery, whose loop makes pictures smaller.",
  },
  "report-from-csv": {
    flow: reportFromCsv,
    data: { "data/orders.csv": ORDERS },
    steps: ['npx conductor run report-from-csv.flow.yaml --var title="Orders"'],
  },
  "flaky-api": {
    flow: flakyApi,
    data: SERVER,
    steps: [START_SERVER, "npx conductor run flaky-api.flow.yaml --var url=http://127.0.0.1:8080/rates"],
  },
  "database-sync": {
    flow: databaseSync,
    data: { "practice-database.flow.yaml": practiceDatabase },
    steps: [
      "npx conductor run practice-database.flow.yaml",
      "npx conductor run database-sync.flow.yaml --var source=sqlite:data/source.db --var target=sqlite:data/target.db",
    ],
  },
  "picture-gallery": {
    flow: pictureGallery,
    data: PICTURES,
    steps: ['npx conductor run picture-gallery.flow.yaml --var pictures=pictures --var title="My pictures"'],
  },
  "fan-out": {
    flow: fanOut,
    data: { ...SERVER, "data/items.csv": `id\n${Array.from({ length: 50 }, (_, index) => `${index + 1}\n`).join("")}` },
    steps: [START_SERVER, "npx conductor run fan-out.flow.yaml --var url=http://127.0.0.1:8080/items"],
  },
  "nightly-backup": {
    flow: nightlyBackup,
    data: { "data/notes.txt": "To be kept.\n", "data/orders.csv": ORDERS },
    steps: ["npx conductor run nightly-backup.flow.yaml --var folder=data --var keep=7"],
  },
  "scrape-and-diff": {
    flow: scrapeAndDiff,
    data: SERVER,
    steps: [
      START_SERVER,
      "npx conductor run scrape-and-diff.flow.yaml   # keeps the list",
      "npx conductor run scrape-and-diff.flow.yaml   # tells what changed since then",
    ],
  },
  "llm-extraction": {
    flow: llmExtraction,
    data: {
      "data/invoice.txt":
        "Tea House Ltd.\nInvoice 2024-117\n3 March 2024\n\n12 x green tea   108.00\nTotal EUR        108.00\n",
    },
    steps: ["npx conductor run llm-extraction.flow.yaml --var baseUrl=http://127.0.0.1:11434/v1 --var model=llama3.2"],
    note: "It needs a language model behind an address that talks like OpenAI's, such as Ollama on this machine.",
  },
  webhook: {
    flow: webhook,
    data: {},
    steps: [
      "npx conductor serve webhook.flow.yaml --open   # in a terminal of its own",
      "curl -d name=Ada http://127.0.0.1:3000/hooks/hello",
      "npx conductor executions list --store sqlite:conductor.db",
    ],
  },
};
