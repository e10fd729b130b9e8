// Encodes texts with Hugging Face's library (Rust): node tokenizers.mjs FOLDER, whose node_modules has the package tokenizers. TOKENIZERS_PARALLELISM says whether it may use all cores.
// The first line of the input is a JSON list: the file of texts, one a line, and the tokenizer.json files. Every line after it, "lines N" or "whole N", encodes with the N-th of them and answers with the time, the number of tokens and a sum over ids and offsets.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2] + "/");
const { Tokenizer } = require("tokenizers");
const version = require("tokenizers/package.json").version;

let whole, lines, loaded;
for await (const line of createInterface({ input: process.stdin })) {
  if (!loaded) {
    const [texts, ...files] = JSON.parse(line);
    whole = readFileSync(texts, "utf8");
    lines = whole.split("\n");
    loaded = files.map(file => Tokenizer.fromFile(file));
    console.log(JSON.stringify({ details: `tokenizers ${version}, TOKENIZERS_PARALLELISM=${process.env.TOKENIZERS_PARALLELISM}` }));
    continue;
  }
  const [what, number] = line.split(" ");
  const tokenizer = loaded[Number(number)];
  const began = process.hrtime.bigint();
  const encodings = what === "lines" ? await tokenizer.encodeBatch(lines) : [await tokenizer.encode(whole)];
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  let tokens = 0, sum = 0;
  for (const encoding of encodings) {
    const ids = encoding.getIds();
    tokens += ids.length;
    for (let i = 0; i < ids.length; i++) sum = (Math.imul(sum, 31) + ids[i]) | 0;
  }
  console.log("\n" + JSON.stringify({ seconds, tokens, sum }));
}
