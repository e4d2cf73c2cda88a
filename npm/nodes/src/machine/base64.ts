/** The bytes of base64 in either alphabet, with white space anywhere; `undefined` for other text, which Node would skip over. */
export function bytesOfBase64(text: string): Buffer | undefined {
  const compact = text.replace(/\s+/g, "");
  return /^[\w+/-]*={0,2}$/.test(compact) ? Buffer.from(compact, "base64") : undefined;
}
