// The npm package node-llama-cpp (the same library) with one of its token predictors: reads lines {"question", "tokens", "temperature"}, prints
// one line {"written", "seconds"} for each: tokens after the first, and the time for them.
// Usage: node speculate.mjs MODEL THREADS none|lookup|draft [DRAFT]
import { createInterface } from "node:readline";
import { DraftSequenceTokenPredictor, getLlama, InputLookupTokenPredictor, LlamaLogLevel } from "node-llama-cpp";

const [modelPath, threads, predictor, draftPath] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, logLevel: LlamaLogLevel.error, maxThreads: Number(threads) });
const open = async path => {
  const model = await llama.loadModel({ modelPath: path });
  return { model, context: await model.createContext({ contextSize: 2048, threads: Number(threads) }) };
};
const { model, context } = await open(modelPath);
const tokenPredictor = predictor === "draft" ? new DraftSequenceTokenPredictor((await open(draftPath)).context.getSequence())
  : predictor === "lookup" ? new InputLookupTokenPredictor()
  : undefined;
const sequence = context.getSequence({ tokenPredictor });

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const { question, tokens, temperature } = JSON.parse(line);
  await sequence.clearHistory();
  const prompt = model.tokenize(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`, true);
  let written = 0, began = 0, ended = 0;
  for await (const token of sequence.evaluate(prompt, { temperature, topK: 0, topP: 1, minP: 0, yieldEogToken: true })) {
    ended = performance.now();
    began ||= ended;
    if (model.isEogToken(token) || ++written === tokens) break;
  }
  console.log(JSON.stringify({ written: written - 1, seconds: (ended - began) / 1000 }));
}
process.exit(0);
