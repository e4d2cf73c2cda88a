/** What a CommonJS program requires: each entry point has the names that it has for modules. */
import type * as rootModule from "@atomiton/conductor" with { "resolution-mode": "import" };
import type * as desktopModule from "@atomiton/conductor/desktop" with { "resolution-mode": "import" };
import type * as factoriesModule from "@atomiton/conductor/test-utils/factories" with { "resolution-mode": "import" };
import type * as typesModule from "@atomiton/conductor/types" with { "resolution-mode": "import" };
import type * as eventsModule from "@atomiton/events" with { "resolution-mode": "import" };
import type * as executablesModule from "@atomiton/nodes/executables" with { "resolution-mode": "import" };
import type * as storageModule from "@atomiton/storage" with { "resolution-mode": "import" };

import root = require("@atomiton/conductor");
import desktop = require("@atomiton/conductor/desktop");
import factories = require("@atomiton/conductor/test-utils/factories");
import types = require("@atomiton/conductor/types");
import events = require("@atomiton/events");
import executables = require("@atomiton/nodes/executables");
import storage = require("@atomiton/storage");

import type { Holds, Same, Untyped } from "../names/check.js" with { "resolution-mode": "import" };

type Names<Module> = Exclude<keyof Module, "default" | "module.exports">;

declare namespace names {
  /** The types that a program names most, each of them found. */
  interface Types {
    ConductorConfig: root.ConductorConfig;
    ConductorInstance: root.ConductorInstance;
    ConductorExecutionContext: types.ConductorExecutionContext;
    DesktopConductor: desktop.DesktopConductor;
    ErrorCode: types.ErrorCode;
    ErrorRecoveryStrategy: types.ErrorRecoveryStrategy;
    EventManager: events.EventManager;
    ExecutionError: types.ExecutionError;
    ExecutionGraphState: desktop.ExecutionGraphState;
    ExecutionId: types.ExecutionId;
    ExecutionRequest: root.ExecutionRequest;
    ExecutionResult: root.ExecutionResult;
    ExecutionStatus: root.ExecutionStatus;
    NodeDefinition: root.NodeDefinition;
    NodeExecutable: executables.NodeExecutable;
    NodeProgressEvent: root.NodeProgressEvent;
    ProgressEvent: desktop.ProgressEvent;
    RequestResult: root.RequestResult;
    SimpleResult: root.SimpleResult;
    StorageEngine: storage.StorageEngine;
    TransportType: root.TransportType;
  }

  type Statements = [
    Holds<Same<Untyped<Types>, never>>,
    Holds<Same<Names<typeof root>, Names<typeof rootModule>>>,
    Holds<Same<Names<typeof desktop>, Names<typeof desktopModule>>>,
    Holds<Same<Names<typeof types>, Names<typeof typesModule>>>,
    Holds<Same<Names<typeof factories>, Names<typeof factoriesModule>>>,
    Holds<Same<Names<typeof events>, Names<typeof eventsModule>>>,
    Holds<Same<Names<typeof executables>, Names<typeof executablesModule>>>,
    Holds<Same<Names<typeof storage>, Names<typeof storageModule>>>,
  ];
}

async function names(): Promise<desktop.ExecutionResult> {
  const conductor: desktop.DesktopConductor = desktop.createConductor({ concurrency: 2 });
  const { success, error }: root.RequestResult = await root.conductor.execute({ flowId: "my-workflow" });
  if (!success) throw new Error(error ?? types.ErrorCode.UNKNOWN_ERROR);
  return conductor.node.run(factories.createTestGroupNode());
}

export = names;
