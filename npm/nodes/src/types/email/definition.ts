import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

const GOES_BEFORE = "Goes before the parameter of that name.";
const addresses = { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] } as const;

/** Sends mail. */
export const email = {
  type: "email",
  name: "Email",
  description: "Sends an email by an SMTP server. Needs the package nodemailer (`npm install nodemailer`).",
  category: "io",
  icon: "mail",
  parameterSchema: {
    type: "object",
    required: ["host", "from"],
    properties: {
      ...sharedParameters,
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
  ],
  hasOpenInputs: false,
  outputPorts: [
    output(
      "result",
      "Result",
      "string",
      "The id of the message, `Message-ID`: the same for every attempt at this step.",
    ),
  ],
  otherOutputs: [
    output("messageId", "Message Id", "string", "The same."),
    output("accepted", "Accepted", "array", "The addresses that the server took."),
    output("rejected", "Rejected", "array", "The addresses that it refused, which is warned of."),
    output("response", "Response", "string", "The last word of the server."),
  ],
  effects: ["network", "reads-files"],
  limits: [{ what: "size of all attachments", bound: "50 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" }],
} as const satisfies NodeType;
