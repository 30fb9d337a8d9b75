// The npm package openai, as it is: prints what it got as one JSON object. Usage: node openai.mjs BASE_URL CHAT_MODEL [EMBEDDING_MODEL]
import OpenAI from "openai";

const [baseURL, model, embedder] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "Count from 1 to 20." }];
const prompt = "<|im_start|>user\nCount from 1 to 20.<|im_end|>\n<|im_start|>assistant\n";
const greedy = { model, messages, temperature: 0, max_tokens: 24 };

const whole = await client.chat.completions.create(greedy);
const stream = await client.chat.completions.create({ ...greedy, stream: true, stream_options: { include_usage: true } });
let streamed = "", role, usage;
for await (const chunk of stream) {
  role ??= chunk.choices[0]?.delta.role;
  streamed += chunk.choices[0]?.delta.content ?? "";
  usage = chunk.usage ?? usage;
}
const stopped = await client.chat.completions.create({ ...greedy, max_tokens: 200, stop: ["5"] });
const seeded = [];
for (let seed = 1; seed <= 6; seed++) {
  const ask = async () => (await client.chat.completions.create({ ...greedy, temperature: 1, seed, max_tokens: 8 })).choices[0].message.content;
  seeded.push([await ask(), await ask()]);
}
const logged = await client.chat.completions.create({ ...greedy, logprobs: true, top_logprobs: 2 });
const several = await client.chat.completions.create({ ...greedy, temperature: 1, n: 2, seed: 1 });
const text = await client.completions.create({ model, prompt, max_tokens: 8, temperature: 0, echo: true });
let error;
try {
  await client.chat.completions.create({ ...greedy, model: "nobody/nothing" });
} catch (caught) {
  error = { status: caught.status, code: caught.code, param: caught.param };
}
const ids = [];
for await (const one of client.models.list()) ids.push(one.id);
const embedding = embedder && await client.embeddings.create({ model: embedder, input: ["A cat.", "A dog."] })
  .then(made => made.data.map(item => item.embedding.length));

console.log(JSON.stringify({
  whole: whole.choices[0].message.content, streamed, role, tokens: whole.usage.completion_tokens, streamedTokens: usage.completion_tokens,
  stopped: stopped.choices[0].message.content, stopReason: stopped.choices[0].finish_reason, seeded,
  logprobs: logged.choices[0].logprobs.content.length, loggedTokens: logged.usage.completion_tokens, several: several.choices.length,
  text: text.choices[0].text, error, ids, embedding,
}));
