import { escapeHtml } from "../edit-fields/template.js";

const STYLE = [
  "body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #222 }",
  "h1, h2, h3 { line-height: 1.2 }",
  "a { color: #0b57d0 }",
  "img { max-width: 100% }",
  "pre, code { font-family: ui-monospace, monospace; background: #f4f4f4 }",
  "pre { padding: 1rem; overflow-x: auto }",
  "blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid #ccc; color: #555 }",
  "table { border-collapse: collapse }",
  "th, td { border: 1px solid #ccc; padding: 0.3rem 0.6rem; text-align: left }",
  '[align="right"] { text-align: right }',
];

/** A whole document around a body. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
${STYLE.join("\n")}
</style>
</head>
<body>
${body.trimEnd()}
</body>
</html>
`;
}
