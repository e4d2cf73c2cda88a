/** The table that a person reads. Lines are printed as soon as they are measured. */

/**
 * @param {{ row: string, work: string, unit: string, figures: Record<string, object>, ratios: object[] }} line
 * @returns {string} one line of the report: the work, each subject's median, the ratios with their aims
 */
export function formatLine({ work, unit, figures, ratios }) {
  const cells = Object.entries(figures).map(
    ([name, figure]) => `${name} ${figure.missing === undefined ? format(figure.median) : `– (${figure.missing})`}`,
  );
  const measured = cells.length > 0 ? `      ${cells.join(" · ")} [${unit}]\n` : "";
  const compared = ratios.map((ratio) => `      → ${formatRatio(ratio)}\n`).join("");
  return `  ${work}\n${measured}${compared}`;
}

/** @returns {string} e.g. `conductor native / floor 1.90 (aim ≤ 2.5: met)` */
export function formatRatio({ name, value, aim }) {
  const figure = `${name} ${format(value)} ×`;
  if (aim === undefined) return figure;
  const limit = aim.atMost === undefined ? `≥ ${aim.atLeast}` : `≤ ${aim.atMost}`;
  return `${figure} (aim ${limit}: ${aim.met ? "met" : "MISSED"})`;
}

function format(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}
