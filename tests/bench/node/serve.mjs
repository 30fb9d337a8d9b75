// The npm package node-llama-cpp (the same library) answering several clients: reads lines {"questions": [...], "tokens": n}, prints one line
// {"rate", "first": [...]} for each. Usage: node serve.mjs MODEL SEQUENCES THREADS
import { createInterface } from "node:readline";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [modelPath, sequences, threads] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, logLevel: LlamaLogLevel.error, maxThreads: Number(threads) });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ sequences: Number(sequences), contextSize: 512, threads: Number(threads) });
const slots = Array.from({ length: Number(sequences) }, () => context.getSequence());

async function answer(sequence, question, count) {
  const began = performance.now();
  const prompt = model.tokenize(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`, true);
  let written = 0, first = 0;
  for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    first ||= (performance.now() - began) / 1000;
    if (++written === count) break;
  }
  return { first, written };
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const { questions, tokens } = JSON.parse(line);
  for (const slot of slots) await slot.clearHistory();
  const began = performance.now();
  const answers = await Promise.all(questions.map((question, index) => answer(slots[index], question, tokens)));
  const seconds = (performance.now() - began) / 1000;
  console.log(JSON.stringify({ rate: answers.reduce((sum, one) => sum + one.written, 0) / seconds, first: answers.map(one => one.first) }));
}
process.exit(0);
