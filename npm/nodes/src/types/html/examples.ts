import type { NodeExample } from "../../definition/example.js";

export const htmlExamples: readonly NodeExample[] = [
  {
    title: "The rows of a table as records",
    flow: `id: prices
nodes:
  - id: prices
    type: html
    parameters:
      each: table.prices tr:has(td)
      fields:
        name: td.name
        price: { selector: td.price, as: number }
        link: { selector: a, attribute: href }
      base: https://shop.example/
`,
    input: {
      data: '<table class="prices"><tr><th>Name<th>Price<tr><td class="name"><a href="/tea">Tea &amp; milk</a><td class="price"> 3.5 </table>',
    },
    outputs: { prices: { result: [{ name: "Tea & milk", price: 3.5, link: "https://shop.example/tea" }], count: 1 } },
  },
  {
    title: "Facts of a page",
    flow: `id: page
nodes:
  - id: page
    type: html
    parameters:
      fields:
        title: title
        description: { selector: 'meta[name="description"]', attribute: content }
        headings: { selector: h2, all: true }
        intro: { selector: article p, html: true }
`,
    input: {
      data: '<title>Teas</title><meta name="description" content="All of them"><article><p>The <b>best</b></p><h2>Green</h2><h2>Black</h2></article>',
    },
    outputs: {
      page: {
        result: { title: "Teas", description: "All of them", headings: ["Green", "Black"], intro: "The <b>best</b>" },
        count: 1,
      },
    },
  },
];
