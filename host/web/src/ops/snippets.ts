interface Snippet {
  name: string;
  code: (origin: string, model: string, draft: string) => string;
}

const question = 'Write quicksort in Python. Code only.';

/** One question to the server, in several languages. */
export const snippets: Snippet[] = [
  {
    name: 'curl',
    code: (origin, model, draft) => `curl ${origin}/v1/chat/completions -H 'Content-Type: application/json' -d '{
  "model": "${model}",
  "messages": [{"role": "user", "content": "${question}"}],
  "draft_model": "${draft}"
}'`,
  },
  {
    name: 'Python',
    code: (origin, model, draft) => `from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key="none")
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "${question}"}],
    extra_body={"draft_model": "${draft}"},
)
print(answer.choices[0].message.content)
print(answer.stats)`,
  },
  {
    name: 'JavaScript',
    code: (origin, model, draft) => `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: 'none' });
const answer = await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: '${question}' }],
  draft_model: '${draft}',
});
console.log(answer.choices[0].message.content, answer.stats);`,
  },
  {
    name: 'C#',
    code: (origin, model) => `using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

var client = new ChatClient("${model}", new ApiKeyCredential("none"),
    new OpenAIClientOptions { Endpoint = new Uri("${origin}/v1") });
ChatCompletion answer = await client.CompleteChatAsync("${question}");
Console.WriteLine(answer.Content[0].Text);`,
  },
];
