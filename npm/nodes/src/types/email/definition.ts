import { readsWith } from "../../definition/effects.js";
import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

const GOES_BEFORE = "Goes before the parameter of that name.";
const addresses = { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] } as const;

/** Parameters without which nothing is sent, and those of sending alone. */
export const NEEDED_TO_SEND = ["host", "from"] as const;
const ONLY_TO_SEND = [
  ...NEEDED_TO_SEND,
  ...["port", "requireTls", "user", "password", "to", "cc", "bcc", "replyTo", "subject", "text", "html", "attachments"],
];

/** What is wrong with parameters for their operation; `undefined` where nothing is. */
export function operationProblem(
  parameters: Readonly<Record<string, unknown>>,
): [path: string, message: string] | undefined {
  const { operation = "send" } = parameters;
  if (operation === "read") {
    const strange = ONLY_TO_SEND.find((name) => parameters[name] !== undefined);
    return strange === undefined
      ? undefined
      : [`/${strange}`, `\`${strange}\` is for \`operation: send\`; \`operation: read\` takes \`path\``];
  }
  const missing = NEEDED_TO_SEND.filter((name) => parameters[name] === undefined);
  if (missing.length > 0) {
    return [
      "",
      `${missing.map((name) => `\`${name}\` is missing`).join(", ")}; \`operation: send\` needs host and from`,
    ];
  }
  if (parameters["path"] === undefined) return undefined;
  return ["/path", "`path` is for `operation: read`; files that go with a mail belong into `attachments`"];
}

/** Sends and reads mail. */
export const email = {
  type: "email",
  name: "Email",
  description:
    "Sends an email by an SMTP server, which needs the package nodemailer (`npm install nodemailer`); reads one that is a file, which needs postal-mime (`npm install postal-mime`).",
  category: "io",
  icon: "mail",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["send", "read"],
        default: "send",
        description:
          "send: needs `host` and `from`. read: takes one message apart, such as an .eml file or one of a Maildir; for all of a folder, list it and read each in a loop.",
      },
      path: {
        type: "string",
        minLength: 1,
        description: "read: the file with the message, where no edge brings one.",
        examples: ["mail/invoice.eml", "\u0024{{ item }}"],
      },
      host: { type: "string", minLength: 1, description: "The SMTP server.", examples: ["smtp.example.com"] },
      port: {
        type: "integer",
        minimum: 1,
        maximum: 65535,
        description: "Its port. Without it 465 with `secure`, else 587.",
      },
      secure: {
        type: "boolean",
        default: false,
        description: "Whether the connection begins with TLS. Otherwise it turns to TLS where the server offers it.",
      },
      requireTls: {
        type: "boolean",
        description:
          "Whether it is an error when the server offers no TLS. Without it that is one where there is a password, but for servers on this machine.",
      },
      user: { type: "string", description: "The account, if the server wants one." },
      password: {
        type: "string",
        description: "Its password.",
        examples: ["\u0024{{ secrets.SMTP_PASSWORD }}"],
      },
      from: {
        type: "string",
        minLength: 1,
        description: "The sender, one address.",
        examples: ["Reports <reports@example.com>"],
      },
      to: {
        ...addresses,
        description: "Recipients: text with commas between addresses, or a list with one address each.",
        examples: ["ada@example.com", ["Ada <ada@example.com>", "grace@example.com"]],
      },
      cc: { ...addresses, description: "Recipients of copies." },
      bcc: { ...addresses, description: "Recipients that the others do not see." },
      replyTo: { ...addresses, description: "Where answers go, if not to the sender." },
      subject: { type: "string", description: "The subject, in one line." },
      text: { type: "string", description: "The content as plain text." },
      html: { type: "string", description: "The content as HTML; with `text` the reader has the choice." },
      attachments: {
        type: "array",
        items: {
          type: "object",
          properties: {
            filename: { type: "string", description: "Its name. Without it the last part of the path." },
            path: { type: "string", description: "A file. Only parameters may name one, no edge." },
            content: { description: "Text or bytes, where there is no path." },
            encoding: {
              type: "string",
              enum: ["utf8", "base64"],
              description: "What text as `content` is. Without it `utf8`.",
            },
            contentType: { type: "string", description: "Its media type. Without it that of the name's ending." },
          },
        },
        description: "Files that go with it.",
        examples: [[{ path: "output/report.pdf" }, { filename: "figures.csv", content: "a,b\n1,2\n" }]],
      },
      connectionTimeout: {
        ...milliseconds,
        minimum: 1,
        default: 30000,
        description: "Time for the connection, and for each answer of the server.",
      },
    },
  },
  inputPorts: [
    input("to", "To", "any", GOES_BEFORE),
    input("subject", "Subject", "string", GOES_BEFORE),
    input("text", "Text", "string", GOES_BEFORE),
    input("html", "HTML", "string", GOES_BEFORE),
    input("attachments", "Attachments", "array", "Goes before the parameter: `{ filename, content }`, without paths."),
  ],
  otherInputs: [
    input("cc", "Cc", "any", GOES_BEFORE),
    input("bcc", "Bcc", "any", GOES_BEFORE),
    input("replyTo", "Reply-To", "any", GOES_BEFORE),
    input("message", "Message", "any", "read: the message as text or bytes, where no `path` names a file."),
    input("content", "Content", "any", "The same as message."),
    input("default", "Default", "any", "The same as message; where an edge leads that names no handle."),
  ],
  hasOpenInputs: false,
  problems: (parameters) => {
    const [path, message] = operationProblem(parameters) ?? [];
    if (path === undefined || message === undefined) return [];
    return [{ code: "INVALID_PARAMETERS", severity: "error", rule: "wrong-operation", path, message }];
  },
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "send: the id of the message, `Message-ID`: the same for every attempt at this step. read: all of the message, as the outputs below.",
    ),
  ],
  otherOutputs: [
    output("messageId", "Message Id", "string", "send, read: the id of the message."),
    output("accepted", "Accepted", "array", "The addresses that the server took."),
    output("rejected", "Rejected", "array", "The addresses that it refused, which is warned of."),
    output("response", "Response", "string", "The last word of the server."),
    output("subject", "Subject", "string", "read: the subject; empty text for a message without one."),
    output(
      "from",
      "From",
      "object",
      "read: the sender as `{ name, address }`. Anyone can write any sender into a message.",
    ),
    output("to", "To", "array", "read: the recipients, each `{ name, address }`; also `cc` and `replyTo`."),
    output("cc", "Cc", "array", "read: recipients of copies."),
    output("replyTo", "Reply-To", "array", "read: where answers go."),
    output(
      "date",
      "Date",
      "string",
      "read: when it was written, in ISO 8601 where the message has it so that it can be read.",
    ),
    output("text", "Text", "string", "read: the content as plain text."),
    output("html", "HTML", "string", "read: the content as HTML, as the sender wrote it: not safe to show."),
    output(
      "attachments",
      "Attachments",
      "array",
      "read: `{ filename, contentType, size, text, content, isInline }` of each: `content` is base64, `text` is there for CSV, JSON, XML and other text. A filename has no folders in it.",
    ),
    output(
      "headers",
      "Headers",
      "array",
      "read: all headers in their order, as `{ name, value }`; names are in lower case.",
    ),
  ],
  touches: ["network", "reads-files"],
  ...readsWith("operation", ["read"], "send"),
  limits: [
    { what: "size of all attachments that are sent", bound: "50 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "size of a message that is read", bound: "50 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    {
      what: "headers and parts inside each other of a message that is read",
      bound: "2 MiB and 256",
      beyond: "DESERIALIZATION_FAILED",
    },
  ],
} as const satisfies NodeType;
