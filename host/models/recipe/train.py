"""Train the Storyteller models: a llama-architecture main and draft model on the synthetic chat language of corpus.py.

usage: train.py tokenizer | corpus SEED DOCUMENTS OUT | model main|draft CORPUS SEQUENCE MINUTES RATE [CHECKPOINT]

The published models were made on one CPU core each:
    train.py tokenizer
    train.py corpus 7 110000 a.bin ; train.py corpus 4242 90000 b.bin
    main  (192 wide, 6 layers): a.bin, 512 tokens, 48 min, 3e-3; b.bin, 1024, 14 min, 1.5e-3; b.bin, 2048, 8 min, 8e-4
    draft (128 wide, 2 layers): a.bin, 512 tokens, 16 min, 5e-3; b.bin, 1024,  5 min, 1e-3;   b.bin, 2048, 4 min, 6e-4
Needs torch, numpy, tokenizers. export.py writes GGUF; gguf_to_mlx.py makes the MLX folders from the GGUF files.
"""
import math
import random
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn

import corpus

VOCABULARY = 2048
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<think>", "</think>", "<tool_call>", "</tool_call>"]
SHAPES = {"main": (192, 6, 3, 1, 512), "draft": (128, 2, 2, 1, 320)}  # width, layers, heads, KV heads, FFN


def documents(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        yield corpus.render(*corpus.conversation(rng))


def train_tokenizer():
    """Byte-level BPE with GPT-2's split; the marks take the last ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()

    def plain():
        for text in documents(1, 30_000):
            for mark in CONTROL + MARKS:
                text = text.replace(mark, "\n")
            yield text

    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(MARKS), special_tokens=CONTROL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(plain(), trainer)
    tokenizer.add_special_tokens([AddedToken(c, special=True, normalized=False) for c in CONTROL])
    tokenizer.add_tokens([AddedToken(m, special=False, normalized=False) for m in MARKS])
    tokenizer.save("tokenizer.json")


def write_corpus(seed, count, path):
    tokenizer = Tokenizer.from_file("tokenizer.json")
    with open(path, "wb") as out:
        for text in documents(seed, count):
            out.write(np.array(tokenizer.encode(text).ids + [0], dtype=np.uint16).tobytes())


class Block(nn.Module):
    def __init__(self, width, heads, kv_heads, ffn):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, width // heads
        self.n1, self.n2 = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.q = nn.Linear(width, heads * self.size, bias=False)
        self.k = nn.Linear(width, kv_heads * self.size, bias=False)
        self.v = nn.Linear(width, kv_heads * self.size, bias=False)
        self.o = nn.Linear(heads * self.size, width, bias=False)
        self.gate, self.up = nn.Linear(width, ffn, bias=False), nn.Linear(width, ffn, bias=False)
        self.down = nn.Linear(ffn, width, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        h = self.n1(x)

        def split(t, n):
            return t.view(batch, length, n, self.size).transpose(1, 2)

        def rotate(t):  # rotary embedding, halves layout (Hugging Face); GGUF's llama layout interleaves
            a, b = t.chunk(2, -1)
            return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)

        q, k, v = rotate(split(self.q(h), self.heads)), rotate(split(self.k(h), self.kv_heads)), split(self.v(h), self.kv_heads)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        x = x + self.o(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, length, -1))
        h = self.n2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self, width, layers, heads, kv_heads, ffn):
        super().__init__()
        self.size = width // heads
        self.e = nn.Embedding(VOCABULARY, width)  # tied: also the output matrix
        self.b = nn.ModuleList(Block(width, heads, kv_heads, ffn) for _ in range(layers))
        self.n = nn.RMSNorm(width, eps=1e-5)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02)
        for block in self.b:
            for w in (block.o.weight, block.down.weight):
                nn.init.normal_(w, 0, 0.02 / math.sqrt(2 * layers))

    def forward(self, ids):
        rate = 10000.0 ** (-torch.arange(0, self.size, 2).float() / self.size)
        angle = torch.outer(torch.arange(ids.shape[1]).float(), rate)
        x = self.e(ids)
        for block in self.b:
            x = block(x, angle.cos(), angle.sin())
        return F.linear(self.n(x), self.e.weight)


def loss_weights(ids, assistant):
    """1 inside assistant messages and their end mark, 0.15 elsewhere."""
    weights = torch.full(ids.shape, 0.15)
    for row, line in enumerate(ids.numpy()):
        for start in np.where(line[:-1] == 1)[0]:
            if line[start + 1] == assistant:
                ends = np.where(line[start:] == 2)[0]
                weights[row, start + 1 : start + ends[0] if len(ends) else len(line)] = 1.0
    return weights


def train_model(name, corpus_path, length, minutes, rate, checkpoint=None, tokens_per_step=4096):
    """AdamW, linear decay over the given wall time, bfloat16 products. Use one thread when the machine is shared."""
    torch.manual_seed(0)
    model = Llama(*SHAPES[name])
    if checkpoint:
        model.load_state_dict(torch.load(checkpoint, map_location="cpu")["sd"])
    data, rng = np.fromfile(corpus_path, dtype=np.uint16), np.random.default_rng(0)
    assistant = Tokenizer.from_file("tokenizer.json").encode("assistant").ids[0]
    starts = np.where(data == 0)[0] + 1
    starts = starts[starts < len(data) - length - 2]
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.05}, {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0}]
    optimizer, began, step = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95)), time.time(), 0
    while (done := (time.time() - began) / (minutes * 60)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 150) * (1 - done)
        rows = torch.from_numpy(np.stack([data[i : i + length + 1] for i in rng.choice(starts, tokens_per_step // length)]).astype(np.int64))
        inputs, targets = rows[:, :-1], rows[:, 1:]
        weights = loss_weights(inputs, assistant)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(inputs)
        losses = F.cross_entropy(logits.float().view(-1, VOCABULARY), targets.reshape(-1), reduction="none")
        loss = (losses * weights.view(-1)).sum() / weights.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(step, f"{loss.item():.4f}", flush=True)
    torch.save({"sd": model.state_dict(), "cfg": list(SHAPES[name])}, name + ".pt")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tokenizer"]:
            train_tokenizer()
        case ["corpus", seed, count, path]:
            write_corpus(int(seed), int(count), path)
        case ["model", name, path, length, minutes, rate, *rest]:
            train_model(name, path, int(length), float(minutes), float(rate), rest[0] if rest else None)
        case _:
            sys.exit(__doc__)
