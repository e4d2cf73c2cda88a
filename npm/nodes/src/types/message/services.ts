/** What the webhooks of services understand, and how much of it. */
import { characters, cut, type Measure } from "./cut.js";

/** A message before it has the form of a service. */
export interface Message {
  text: string;
  title: string | undefined;
  username: string | undefined;
  fields: readonly { name: string; value: string }[];
}

/** Makes what fits; tells what did not, by its name and what became of it. */
export type Fit = (message: Message, lost: (what: string) => void) => object;

type Lost = (what: string) => void;

/** Characters of a text in Slack. */
const SLACK_TEXT = 40_000;
/** And of a title there, so that it leaves room for the text. */
const SLACK_TITLE = 1000;
const DISCORD = { text: 2000, username: 80, title: 256, fields: 25, name: 256, value: 1024, embed: 6000 } as const;
/** Bytes of a whole message in Teams. */
const TEAMS_MESSAGE = 28_000;
/** Discord refuses a field without a name or value. */
const NOTHING = "\u200b";

/** The forms of the services. */
export const services = {
  slack(message, lost) {
    const { title, username, fields } = message;
    const heading = title === undefined ? "" : `*${slackText(fitted(title, SLACK_TITLE, "the title", lost))}*\n`;
    const measure: Measure = (text) => slackText(text).length;
    const text = fitted(message.text, SLACK_TEXT - heading.length, "the text", lost, measure);
    const shown = fields.map(({ name, value }) => ({ title: slackText(name), value: slackText(value), short: true }));
    return {
      text: `${heading}${slackText(text)}`,
      ...(username !== undefined && { username }),
      ...(shown.length > 0 && { attachments: [{ fields: shown }] }),
    };
  },

  discord(message, lost) {
    const { username } = message;
    const embed = discordEmbed(message, lost);
    return {
      content: fitted(message.text, DISCORD.text, "the text", lost),
      ...(username !== undefined && { username: fitted(username, DISCORD.username, "the username", lost) }),
      ...(embed !== undefined && { embeds: [embed] }),
      allowed_mentions: { parse: [] },
    };
  },

  teams(message, lost) {
    if (message.username !== undefined) lost("the username, which Teams does not show");
    const size = (text: string) => byteLength(JSON.stringify(teamsCard(message, text)));
    const text = fitted(message.text, TEAMS_MESSAGE, "the text", lost, size);
    return teamsCard(message, text);
  },

  json({ text, title, username, fields }) {
    return {
      text,
      ...(title !== undefined && { title }),
      ...(username !== undefined && { username }),
      ...(fields.length > 0 && { fields }),
    };
  },
} as const satisfies Record<string, Fit>;

/** Slack takes what is in angle brackets for mentions and links. */
function slackText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function discordEmbed({ title, fields }: Message, lost: Lost): object | undefined {
  if (title === undefined && fields.length === 0) return undefined;
  const heading = title === undefined ? undefined : fitted(title, DISCORD.title, "the title", lost);
  let room = DISCORD.embed - (heading?.length ?? 0);
  const shown: object[] = [];
  for (const field of fields) {
    const name = fitted(field.name, DISCORD.name, `the name of the field \`${field.name}\``, lost) || NOTHING;
    const value = fitted(field.value, DISCORD.value, `the field \`${field.name}\``, lost) || NOTHING;
    room -= name.length + value.length;
    if (shown.length === DISCORD.fields || room < 0) {
      lost(`${fields.length - shown.length} of ${fields.length} fields`);
      break;
    }
    shown.push({ name, value, inline: true });
  }
  return { ...(heading !== undefined && { title: heading }), ...(shown.length > 0 && { fields: shown }) };
}

function teamsCard({ title, fields }: Message, text: string): object {
  const block = (words: string, more: object) => ({ type: "TextBlock", text: words, wrap: true, ...more });
  const facts = fields.map(({ name, value }) => ({ title: name, value }));
  const body = [
    ...(title === undefined ? [] : [block(title, { weight: "Bolder", size: "Medium" })]),
    block(text, {}),
    ...(facts.length === 0 ? [] : [{ type: "FactSet", facts }]),
  ];
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
  };
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        contentUrl: null,
        content: { ...content, body },
      },
    ],
  };
}

function fitted(text: string, most: number, what: string, lost: Lost, measure: Measure = characters): string {
  const fit = cut(text, most, measure);
  if (fit !== text) lost(`the end of ${what}`);
  return fit;
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}
