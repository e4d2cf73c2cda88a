#!/usr/bin/env node
// Outside of dist, so that npm can link the command before anything is built.
import "../dist/cli.js";
