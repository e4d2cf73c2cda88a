/** Pages that the server writes by itself. */

/** A text within a page. */
export function inHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
