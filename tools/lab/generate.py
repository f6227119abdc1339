"""Decoding by Transformers, as CSV: generate() beside the model called token by token, for a few shapes and batches.

    python3 tools/lab/generate.py > FILE.csv

Needs a GPU with PyTorch and Transformers. Weights are random; a row is the mean time of a token after the first.
"""
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {
    "llama-3.2-1b": dict(hidden_size=2048, num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8, head_dim=64,
                         intermediate_size=8192, vocab_size=128256, tie_word_embeddings=True),
    "llama-3.2-3b": dict(hidden_size=3072, num_hidden_layers=28, num_attention_heads=24, num_key_value_heads=8, head_dim=128,
                         intermediate_size=8192, vocab_size=128256, tie_word_embeddings=True),
    "llama-3-8b": dict(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, head_dim=128,
                       intermediate_size=14336, vocab_size=128256, tie_word_embeddings=False),
}
TOKENS = 48


def seconds(run):
    torch.cuda.synchronize()
    begin = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def generated(model, prompt, tokens):
    return model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=tokens, min_new_tokens=tokens,
                          do_sample=False, pad_token_id=0)


@torch.no_grad()
def called(model, prompt, tokens):
    out = model(prompt, use_cache=True)
    cache, last = out.past_key_values, out.logits[:, -1:].argmax(-1)
    for _ in range(tokens - 1):
        out = model(last, past_key_values=cache, use_cache=True)
        cache, last = out.past_key_values, out.logits[:, -1:].argmax(-1)


def main():
    print("device,torch,shape,what,batch,prompt,token_ms,first_ms")
    for name, shape in SHAPES.items():
        config = LlamaConfig(max_position_embeddings=8192, **shape)
        with torch.device("cuda"):
            model = LlamaForCausalLM._from_config(config, dtype=torch.bfloat16).eval()
        for batch in (1, 8, 32):
            prompt = torch.randint(0, shape["vocab_size"], (batch, 512), device="cuda")
            for what, run in (("generate", generated), ("forward", called)):
                run(model, prompt, 8)
                first = min(seconds(lambda: run(model, prompt, 1)) for _ in range(3))
                whole = min(seconds(lambda: run(model, prompt, TOKENS)) for _ in range(2))
                print(f"{torch.cuda.get_device_name()},{torch.__version__},{name},{what},{batch},512,"
                      f"{1e3 * (whole - first) / (TOKENS - 1):.3f},{1e3 * first:.3f}", flush=True)
        del model
        torch.cuda.empty_cache()


if __name__ == "__main__":
    sys.exit(main())
