"""The Python package openai, as it is: prints what it got as one JSON object. Usage: openai_client.py BASE_URL CHAT_MODEL [EMBEDDING_MODEL]"""
import json
import sys

import openai

PROMPT = "<|im_start|>user\nCount from 1 to 20.<|im_end|>\n<|im_start|>assistant\n"
base_url, model, *rest = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0)
greedy = {"model": model, "messages": [{"role": "user", "content": "Count from 1 to 20."}], "temperature": 0, "max_tokens": 24}

whole = client.chat.completions.create(**greedy)
streamed, role, usage = "", None, None
for chunk in client.chat.completions.create(**greedy, stream=True, stream_options={"include_usage": True}):
    if chunk.choices:
        role = role or chunk.choices[0].delta.role
        streamed += chunk.choices[0].delta.content or ""
    usage = chunk.usage or usage
stopped = client.chat.completions.create(**{**greedy, "max_tokens": 200}, stop=["5"])
sampled = {**greedy, "temperature": 1, "max_tokens": 8}
seeded = [[client.chat.completions.create(**sampled, seed=seed).choices[0].message.content for _ in range(2)] for seed in range(1, 7)]
logged = client.chat.completions.create(**greedy, logprobs=True, top_logprobs=2)
several = client.chat.completions.create(**{**greedy, "temperature": 1}, n=2, seed=1)
text = client.completions.create(model=model, prompt=PROMPT, max_tokens=8, temperature=0, echo=True)
error = None
try:
    client.chat.completions.create(**{**greedy, "model": "nobody/nothing"})
except openai.NotFoundError as caught:
    error = {"status": caught.status_code, "code": caught.code, "param": caught.param}
ids = [one.id for one in client.models.list()]
embedding = [len(item.embedding) for item in client.embeddings.create(model=rest[0], input=["A cat.", "A dog."]).data] if rest else None

print(json.dumps({
    "whole": whole.choices[0].message.content, "streamed": streamed, "role": role, "tokens": whole.usage.completion_tokens,
    "streamedTokens": usage.completion_tokens, "stopped": stopped.choices[0].message.content, "stopReason": stopped.choices[0].finish_reason,
    "seeded": seeded, "logprobs": len(logged.choices[0].logprobs.content), "loggedTokens": logged.usage.completion_tokens,
    "several": len(several.choices), "text": text.choices[0].text, "error": error, "ids": ids, "embedding": embedding,
}))
