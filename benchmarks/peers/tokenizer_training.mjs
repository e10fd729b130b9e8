// Trains a byte-level BPE with Hugging Face's trainer (Rust) on files; node tokenizer_training.mjs FOLDER, whose node_modules has the package tokenizers.
// The first line of the input is a JSON list of the files; every line "train" then trains anew and answers with the time and the vocabulary.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2] + "/");
const tokenizers = require("tokenizers");
const version = require("tokenizers/package.json").version;

let files;
for await (const line of createInterface({ input: process.stdin })) {
  if (!files) {
    files = JSON.parse(line);
    console.log(JSON.stringify({ details: `tokenizers ${version}` }));
    continue;
  }
  // The package trains with the defaults of the model's trainer: 30,000 entries, any frequency, no initial alphabet.
  const tokenizer = new tokenizers.Tokenizer(tokenizers.BPE.empty());
  tokenizer.setPreTokenizer(tokenizers.byteLevelPreTokenizer(false, true));
  const began = process.hrtime.bigint();
  const used = process.cpuUsage();
  tokenizer.train(files);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(used);
  console.log("\n" + JSON.stringify({ seconds, processor_seconds: (user + system) / 1e6, vocabulary: tokenizer.getVocab(false) }));
}
