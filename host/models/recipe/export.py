"""Write a trained Storyteller checkpoint as GGUF (Q8_0, norms in F32).

usage: export.py CHECKPOINT NAME CONTEXT DESCRIPTION

Needs torch, numpy, gguf and tokenizer.json, chat_template.jinja beside it. MLX folders: gguf_to_mlx.py NAME.gguf NAME-mlx.
"""
import json
import pathlib
import sys

import gguf
import torch
from gguf import GGMLQuantizationType

HERE = pathlib.Path(__file__).parent
CONTROL, NORMAL, USER_DEFINED = 3, 1, 4


def interleaved(weights, heads):
    """Rotary halves layout to the interleaved one of GGUF's llama architecture."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, weights.shape[1]).swapaxes(1, 2).reshape(weights.shape)


def vocabulary(tokenizer):
    names = {index: text for text, index in tokenizer["model"]["vocab"].items()}
    added = {token["id"]: token for token in tokenizer["added_tokens"]}
    size = max(*names, *added) + 1
    texts = [added[i]["content"] if i in added else names[i] for i in range(size)]
    kinds = [(CONTROL if added[i]["special"] else USER_DEFINED) if i in added else NORMAL for i in range(size)]
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in tokenizer["model"]["merges"]]
    return texts, kinds, merges


def main(checkpoint, name, context, description):
    stored = torch.load(checkpoint, map_location="cpu")
    width, layers, heads, kv_heads, ffn = stored["cfg"]
    weights = {key: value.float().numpy() for key, value in stored["sd"].items()}
    texts, kinds, merges = vocabulary(json.loads(pathlib.Path("tokenizer.json").read_text()))

    w = gguf.GGUFWriter(f"{name}.gguf", "llama")
    w.add_name(name)
    w.add_type("model")
    w.add_description(description)
    w.add_license("mit")
    w.add_author("Tandem")
    w.add_basename("storyteller")
    w.add_size_label(f"{sum(v.size for v in weights.values()) / 1e6:.1f}M")
    w.add_context_length(context)
    w.add_embedding_length(width)
    w.add_block_count(layers)
    w.add_feed_forward_length(ffn)
    w.add_head_count(heads)
    w.add_head_count_kv(kv_heads)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    w.add_rope_dimension_count(width // heads)
    w.add_vocab_size(len(texts))
    w.add_file_type(7)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(texts)
    w.add_token_types(kinds)
    w.add_token_merges(merges)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_pad_token_id(0)
    w.add_add_bos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template((HERE / "chat_template.jinja").read_text())

    def matrix(key, value):
        w.add_tensor(key, gguf.quants.quantize(value, GGMLQuantizationType.Q8_0), raw_dtype=GGMLQuantizationType.Q8_0)

    matrix("token_embd.weight", weights["e.weight"])
    w.add_tensor("output_norm.weight", weights["n.weight"])
    for layer in range(layers):
        source, target = f"b.{layer}.", f"blk.{layer}."
        w.add_tensor(target + "attn_norm.weight", weights[source + "n1.weight"])
        w.add_tensor(target + "ffn_norm.weight", weights[source + "n2.weight"])
        matrix(target + "attn_q.weight", interleaved(weights[source + "q.weight"], heads))
        matrix(target + "attn_k.weight", interleaved(weights[source + "k.weight"], kv_heads))
        for short, long in (("v", "attn_v"), ("o", "attn_output"), ("gate", "ffn_gate"), ("up", "ffn_up"), ("down", "ffn_down")):
            matrix(f"{target}{long}.weight", weights[f"{source}{short}.weight"])
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
