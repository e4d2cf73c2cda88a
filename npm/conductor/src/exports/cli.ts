#!/usr/bin/env node
/** The `conductor` command. */
import { main } from "../cli/program.js";

await main(process.argv);
