// The npm packages ai and @ai-sdk/openai-compatible, as they are. Usage: node aisdk.mjs BASE_URL CHAT_MODEL [EMBEDDING_MODEL]
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, streamText } from "ai";

const [baseURL, model, embedder] = process.argv.slice(2);
const provider = createOpenAICompatible({ name: "tandem", baseURL, includeUsage: true });
const prompt = "<|im_start|>user\nCount from 1 to 20.<|im_end|>\n<|im_start|>assistant\n";
const greedy = { model: provider.chatModel(model), prompt: "Count from 1 to 20.", temperature: 0, maxOutputTokens: 24, maxRetries: 0 };

const whole = await generateText(greedy);
const stream = streamText(greedy);
let streamed = "";
for await (const part of stream.textStream) streamed += part;
const streamedTokens = (await stream.usage).outputTokens;
const stopped = await generateText({ ...greedy, maxOutputTokens: 200, stopSequences: ["5"] });
const seeded = [];
for (let seed = 1; seed <= 6; seed++) {
  const sampled = { ...greedy, temperature: 1, seed, maxOutputTokens: 8 };
  seeded.push([(await generateText(sampled)).text, (await generateText(sampled)).text]);
}
const text = await generateText({ ...greedy, model: provider.completionModel(model), prompt, maxOutputTokens: 8 });
let error;
try {
  await generateText({ ...greedy, model: provider.chatModel("nobody/nothing") });
} catch (caught) {
  error = { status: caught.statusCode };
}
const embedding = embedder
  && (await embedMany({ model: provider.embeddingModel(embedder), values: ["A cat.", "A dog."] })).embeddings.map(one => one.length);

console.log(JSON.stringify({
  whole: whole.text, streamed, tokens: whole.usage.outputTokens, streamedTokens, stopped: stopped.text, stopReason: stopped.finishReason, seeded,
  text: text.text, error, embedding,
}));
