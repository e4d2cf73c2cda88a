/** Templates that need files or a server, and so a machine. Pages have page-templates.ts instead. */
import type { ShelvedTemplate } from "./flow-file.js";
import databaseSync from "./flows/database-sync.flow.yaml";
import fanOut from "./flows/fan-out.flow.yaml";
import flakyApi from "./flows/flaky-api.flow.yaml";
import llmExtraction from "./flows/llm-extraction.flow.yaml";
import nightlyBackup from "./flows/nightly-backup.flow.yaml";
import pictureGallery from "./flows/picture-gallery.flow.yaml";
import reportFromCsv from "./flows/report-from-csv.flow.yaml";
import scrapeAndDiff from "./flows/scrape-and-diff.flow.yaml";
import webhook from "./flows/webhook.flow.yaml";

/** In the order of lists. */
export const machineTemplates: ShelvedTemplate[] = [
  { slug: "report-from-csv", otherSlugs: [], flow: reportFromCsv },
  { slug: "flaky-api", otherSlugs: [], flow: flakyApi },
  { slug: "database-sync", otherSlugs: [], flow: databaseSync },
  { slug: "picture-gallery", otherSlugs: [], flow: pictureGallery },
  { slug: "fan-out", otherSlugs: [], flow: fanOut },
  { slug: "nightly-backup", otherSlugs: [], flow: nightlyBackup },
  { slug: "scrape-and-diff", otherSlugs: [], flow: scrapeAndDiff },
  { slug: "llm-extraction", otherSlugs: [], flow: llmExtraction },
  { slug: "webhook", otherSlugs: [], flow: webhook },
];
