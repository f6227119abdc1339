"""Published files of models: what they become, by tables.

    python3 tests/import/test_import.py SPEEDUP ROOT

expected.csv has what publishers count (files/NAME.json, parameters within 1 %, bytes of cache a token exactly), or the
field that a refusal must name. The smallest files that show a fault are in min/, one line of MIN each.
"""
import csv
import json
import math
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

SPEEDUP, ROOT = sys.argv[1], Path(sys.argv[2])
HERE = ROOT / "tests/import"
LLAMA = {"parameters": 8030261248, "cache_bytes": 131072}

# file: what it becomes, by path; or the words of an error. '~': words of the warnings.
MIN = {
    "bigint.json": LLAMA,
    "bnb-old.json": LLAMA | {"quantized": "int8-weights"},
    "bom.json": LLAMA,
    "compression_config.json": LLAMA | {"quantized": "float-quantized"},
    "crlf.json": LLAMA,
    "cross.json": LLAMA,
    "deep.json": "nested more than 64 deep",
    "deepseek-ocr-lm.json": {"attention.kind": "standard", "parameters": 2934734080, "cache_bytes": 61440},
    "dsa-layer-types.json": {"parameters": 743910979584, "cache_bytes": 99840},
    "dup.json": "'hidden_size' is given twice",
    "embed-mistral.json": {"headless": True, "cache_bytes": 131072},
    "emptykey.json": LLAMA,
    "exp.json": LLAMA | {"max_sequence": 131072},
    "ffn-list.json": LLAMA,
    "gemma-no-headdim.json": {"head_dim": 256, "parameters": 8537680896, "~": "head_dim 256"},
    "gemma2-no-window.json": {"attention.window": 4096, "attention.window_layers": 21, "~": "sliding_window 4096"},
    "gemma3-27b+vocab.json": {"attention.window_layers": 52, "max_sequence": 131072, "cache_bytes": 507904, "~": "max_position_embeddings 131072"},
    "gptoss-full.json": {"quantized": "mxfp4-experts", "attention.window_layers": 12, "cache_bytes": 49152},
    "gptoss-no-layer_types.json": {"attention.window_layers": 12, "cache_bytes": 49152},
    "kv-fp8.json": LLAMA | {"quantized": "fp8 fp8-cache"},
    "llama-2-7b.json": {"id": "llama-2-7b-2", "attention.qk_norm": True},
    "llama-no-ffn.json": {"ffn": 11008, "~": "intermediate_size 11008"},
    "longkey.json": LLAMA,
    "maverick-alias-mixtral.json": {"experts.dense_layers": 24},
    "mistral-no-kv.json": {"kv_heads": 8, "~": "num_key_value_heads 8"},
    "mistral-no-window.json": {"attention.window": 4096, "~": "sliding_window 4096"},
    "mixtral-no-topk.json": {"experts.active": 2, "~": "num_experts_per_tok 2"},
    "mlx-quant.json": LLAMA | {"quantized": "int4"},
    "moe_layer_freq-list.json": {"experts.dense_layers": 1, "cache_bytes": 31104},
    "nan.json": "NaN is no number",
    "nullmt.json": "'model_type' is missing",
    "openelm-list.json": LLAMA,
    "pattern-text.json": {"attention.window_layers": None, "cache_bytes": 131072},
    "quant-8bit-gptq.json": LLAMA | {"quantized": "gptq.8"},
    "quant-upper.json": LLAMA | {"quantized": "fp8"},
    "quant_algo-only.json": LLAMA | {"quantized": "fp8 fp8-cache"},
    "qwen2-swa.json": {"attention.window_layers": 16, "cache_bytes": 131072},
    "qwen3-nextgate.json": {"attention.output_gate": True, "parameters": 79674286080},
    "qwen3-no-headdim.json": {"head_dim": 128, "parameters": 596049920, "~": "head_dim 128"},
    "reward-llama.json": {"headless": True, "parameters": 8030261248 - 128256 * 4096},
    "surrogate.json": LLAMA,
    "tabs.json": LLAMA,
    "tabs2.json": LLAMA,
    "trailingcomma.json": "nothing follows this ','",
    "yarn.json": {"max_sequence": 131072},
    "日本.json": {"attention.qk_norm": True},
    "Qwen3 8B/config.json": {"parameters": 8190735360},
}

# Models of the catalog, and what else their file says than the entry.
OWN = {
    "MiniMaxAI--MiniMax-M2.5": "minimax-m2-5", "Qwen--Qwen3-235B-A22B": "qwen3-235b-a22b", "Qwen--Qwen3-30B-A3B": "qwen3-30b-a3b",
    "Qwen--Qwen3-32B": "qwen3-32b", "Qwen--Qwen3-8B": "qwen3-8b", "Qwen--Qwen3.5-397B-A17B": "qwen3-5-397b-a17b",
    "deepseek-ai--DeepSeek-V3": "deepseek-v3", "meta-llama--Meta-Llama-3.1-405B": "llama-3-1-405b",
    "meta-llama--Meta-Llama-3.1-70B": "llama-3-1-70b", "meta-llama--Meta-Llama-3.1-8B": "llama-3-1-8b",
    "mistralai--Mixtral-8x7B-v0.1": "mixtral-8x7b", "moonshotai--Kimi-K2.5": "kimi-k2-5", "nvidia--GLM-5-NVFP4": "glm-5",
    "openai--gpt-oss-120b": "gpt-oss-120b", "zai-org--GLM-5": "glm-5",
}


# Files that keep their weights narrower: the entry of the catalog, and the optimizations that the file means.
NARROW = {
    "own__openai--gpt-oss-120b": ("gpt-oss-120b", "mxfp4-experts"),
    "maxtext__gpt_oss_120b": ("gpt-oss-120b", ""),
    "own__deepseek-ai--DeepSeek-V3": ("deepseek-v3", "block-fp8-weights"),
    "infersim__deepseek_v3.2": ("deepseek-v3-2", "block-fp8-weights"),
    "own__moonshotai--Kimi-K2.5": ("kimi-k2-5", "int4-experts"),
    "own__MiniMaxAI--MiniMax-M2.5": ("minimax-m2-5", "block-fp8-weights"),
    "aic__Qwen--Qwen3-235B-A22B-FP8": ("qwen3-235b-a22b", "block-fp8-weights"),
    "aic__Qwen--Qwen3-30B-A3B-FP8": ("qwen3-30b-a3b", "block-fp8-weights"),
    "aic__nvidia--Qwen3.5-397B-A17B-NVFP4": ("qwen3-5-397b-a17b", "nvfp4-feed-forward,fp8-kv-cache"),
    "aic__zai-org--GLM-5-FP8": ("glm-5", "block-fp8-weights"),
    "aic__nvidia--GLM-5.1-NVFP4": ("glm-5", "nvfp4-feed-forward,fp8-kv-cache"),
}
# Files whose estimates, in serving and in training, are those of the catalog's entry.
SAME = {
    "aic__meta-llama--Llama-4-Scout-17B-16E-Instruct": "llama-4-scout", "aic__meta-llama--Llama-4-Maverick-17B-128E-Instruct": "llama-4-maverick",
    "aic__nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4": "nemotron-3-super", "aic__nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4": "nemotron-3-nano",
    "aic__nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16": "nemotron-3-ultra", "mlc__gpt_j": "gpt-j-6b", "mlc__gemma2_27b": "gemma-2-27b",
    "mlc__olmo2_13b": "olmo-2-13b", "mlc__gpt2": "gpt-2-small", "aic__mistralai--Mixtral-8x22B-v0.1": "mixtral-8x22b", "pub__gemma-3-4b-it": "gemma-3-4b",
    "maxtext__qwen3_14b": "qwen3-14b", "mlc__qwen2.5_3b": "qwen2-5-3b", "own__meta-llama--Meta-Llama-3.1-405B": "llama-3-1-405b",
}
# The words of 'quantized', and what it becomes on an H100.
WORDS = [
    ({"quant_method": "gptq", "bits": 4}, "gptq", "gptq"),
    ({"quant_method": "gptq", "bits": 8}, "gptq.8", "int8-weights"),
    ({"quant_method": "gptq", "bits": 3, "group_size": 128}, "gptq.3", "file-weights"),
    ({"quant_method": "auto-round", "bits": 2, "group_size": 128}, "auto-round.2", "file-weights"),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 8, "group_size": 64}}}, "hqq.8", "int8-weights"),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 2, "group_size": 64}}}, "hqq.2", "file-weights"),
    ({"quant_method": "quanto", "weights": "int4"}, "quanto", "gptq"),
    ({"quant_method": "quanto", "weights": "int2"}, "quanto.2", "file-weights"),
    ({"quant_method": "quanto", "weights": "float8"}, "quanto.8", "int8-weights"),
    ({"quant_method": "aqlm", "in_group_size": 8, "nbits_per_codebook": 16, "num_codebooks": 1}, "aqlm.2", "file-weights"),
    ({"quant_method": "eetq", "weights": "int8"}, "eetq.8", "int8-weights"),
    ({"quant_method": "exl2", "bits": 4.65, "head_bits": 6}, "exl2", "file-weights"),
    ({"quant_method": "bitnet"}, "bitnet.2", "file-weights"),
    ({"quant_method": "torchao", "quant_type": "int4_weight_only"}, "int4", "gptq"),
    ({"quant_method": "torchao", "quant_type": "int8_weight_only"}, "int8-weights", "int8-weights"),
    ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8DynamicActivationFloat8WeightConfig"}}}, "fp8", "fp8-weights"),
    ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}, "input_tensors": {"dtype": "fp8_e4m3"}}}, "fp8", "fp8-weights"),
    ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "int8"}, "input_tensors": {"dtype": "int8"}}}, "int8", "w8a8-int8"),
    ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4"}, "input_tensors": {"dtype": "fp4"}}}, "mxfp4", "file-weights"),
    ({"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn"]}, "mxfp4-feed-forward", "file-weights"),
    ({"quant_method": "modelopt", "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}, "fp8 fp8-cache", "fp8-weights, fp8-kv-cache"),
    ({"quant_method": "compressed-tensors", "format": "dense", "config_groups": {}}, None, None),
    ("fp8", "fp8", "fp8-weights"),
    ([1], None, None),
    ({"quant_method": "AWQ", "bits": 4}, "awq", "awq"),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "nf4", "nf4-weights"),
    ({"quant_method": "bitsandbytes", "_load_in_8bit": True}, "int8-weights", "int8-weights"),
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block", "block-fp8-weights"),
    ({"quant_method": "fp8", "weight_block_size": None}, "fp8", "fp8-weights"),
    ({"quant_method": "fbgemm_fp8"}, "fbgemm-fp8", "fp8-weights"),
    ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}}}, "fp8", "fp8-weights"),
    ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 8, "type": "float", "strategy": "block"}}}}, "fp8-block", "block-fp8-weights"),
    ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 8, "type": "int"}, "input_activations": {"num_bits": 8}}}}, "int8", "w8a8-int8"),
    ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 8, "type": "int"}, "input_activations": None}}}, "int8-weights", "int8-weights"),
    ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 4, "type": "int", "group_size": 128}}}}, "int4", "gptq"),
    ({"quant_method": "compressed-tensors", "format": "pack-quantized"}, "pack-quantized", "gptq"),
    ({"quant_method": "modelopt", "quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}, "fp8 fp8-cache", "fp8-weights, fp8-kv-cache"),
    ({"quant_method": "modelopt", "quant_algo": "W4A16_AWQ"}, "w4a16-awq", "awq"),
    ({"quant_algo": "NVFP4"}, "nvfp4", "gptq"),
    ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 8, "type": "float"}, "input_activations": {"num_bits": 8}}},
      "kv_cache_scheme": {"num_bits": 8, "type": "float"}}, "fp8 fp8-cache", "fp8-weights, fp8-kv-cache"),
    ({"quant_method": "novel"}, "novel", None),
    ({"quant_method": "x: [y"}, None, None),
]


# What a chip with products of 4 bits makes of them.
BLACKWELL = [
    ({"quant_algo": "NVFP4"}, "nvfp4-weights"), ({"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}, "nvfp4-weights,fp8-kv-cache"),
    ({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized", "config_groups": {"a": {
        "weights": {"num_bits": 4, "type": "float", "group_size": 16}, "input_activations": {"num_bits": 4}}}}, "nvfp4-weights"),
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "block-fp8-weights"),
]
# How positions are stretched: the longest sequence, or words of an error. 'at' is max_position_embeddings.
ROPE = [
    (4096, {"type": "linear", "factor": 4.0}, 16384), (4096, {"rope_type": "dynamic", "factor": 2.0}, 8192), (4096, {"type": "yarn", "factor": 16}, 65536),
    (32768, {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 131072),
    (131072, {"type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096}, 131072),
    (131072, {"rope_type": "llama3", "factor": 32.0, "original_max_position_embeddings": 8192}, 131072),
    (131072, {"rope_type": "llama3", "factor": 32.0}, 131072), (4096, None, 4096), (4096, {"type": "linear", "factor": 1.0}, 4096),
    (4096, {"type": "linear", "factor": 0}, "'rope_scaling.factor' of family 'llama' is a factor of 1 or more"),
    (4096, [1, 2], "takes a mapping, not a list"),
]
T5 = {"model_type": "t5", "d_ff": 10240, "d_kv": 64, "d_model": 4096, "num_layers": 24, "num_heads": 64, "vocab_size": 32128, "tie_word_embeddings": False,
      "n_positions": 512}
# What classes and towers make of a file: billions of parameters, and fields of the model.
SHAPES = [
    (T5 | {"feed_forward_proj": "gated-gelu", "architectures": ["T5ForConditionalGeneration"]}, 11.135, {"max_sequence": None, "attention.cross": True}),
    (T5 | {"feed_forward_proj": "relu"}, 9.12, {"ffn_kind": "plain"}),
    (T5 | {"feed_forward_proj": "gated-gelu", "architectures": ["T5EncoderModel"]}, 4.762, {"headless": True, "layers": 24, "attention.bidirectional": True}),
    ({"model_type": "idefics2", "perceiver_config": {"resampler_depth": 3},
      "text_config": {"model_type": "mistral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32003},
      "vision_config": {"model_type": "idefics2", "hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304, "patch_size": 14}}, 8.40, {}),
    ({"model_type": "blip-2", "vision_config": {}, "qformer_config": {},
      "text_config": {"model_type": "opt", "hidden_size": 2560, "ffn_dim": 10240, "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 50272}}, 3.745, {}),
    ({"model_type": "clip", "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12},
      "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "patch_size": 14}}, 0.428, {"attention.bidirectional": True}),
    ({"model_type": "vit", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "patch_size": 16}, 0.3033, {}),
    ({"model_type": "phi3small", "hidden_size": 4096, "ff_intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
      "vocab_size": 100352, "max_position_embeddings": 8192, "gegelu_limit": 20.0, "dense_attention_every_n_layers": 2}, 7.39, {"attention.window_layers": None}),
    ({"model_type": "xlnet", "architectures": ["XLNetLMHeadModel"], "d_model": 1024, "n_head": 16, "n_layer": 24, "d_inner": 4096, "d_head": 64, "vocab_size": 32000},
     0.361, {"max_sequence": None, "headless": None}),
    ({"model_type": "openelm", "num_transformer_layers": 16, "model_dim": 1280, "head_dim": 64, "vocab_size": 32000, "share_input_output_layers": True,
      "ffn_multipliers": [0.5, 0.73, 0.97, 1.2, 1.43, 1.67, 1.9, 2.13, 2.37, 2.6, 2.83, 3.07, 3.3, 3.53, 3.77, 4.0], "ffn_dim_divisor": 256, "ffn_with_glu": True,
      "num_query_heads": [12] * 5 + [16] * 7 + [20] * 4, "num_kv_heads": [3] * 5 + [4] * 7 + [5] * 4, "normalize_qk_projections": True},
     0.271527168, {"parameters": 271527168}),
    ({"d_model": 2560, "n_layer": 64, "vocab_size": 50277, "ssm_cfg": {}, "rms_norm": True, "residual_in_fp32": True, "fused_add_norm": True,
      "pad_vocab_size_multiple": 8}, 2.7683, {"state_space.kind": "mamba-1", "cache_bytes": None}),
    ({"d_model": 2560, "d_intermediate": 0, "n_layer": 64, "vocab_size": 50288, "ssm_cfg": {"layer": "Mamba2"}, "attn_layer_idx": [], "attn_cfg": {},
      "rms_norm": True, "tie_embeddings": True}, 2.7026, {"state_space.state": 128, "cache_bytes": None}),
    ({"model_type": "rwkv", "attention_hidden_size": 4096, "context_length": 1024, "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 32,
      "vocab_size": 50277, "tie_word_embeddings": False}, 7.39, {"attention.linear_layers": 32}),
    ({"model_type": "internvl_chat", "architectures": ["InternVLChatModel"], "vision_config": {"model_type": "intern_vit_6b"},
      "llm_config": {"model_type": "internlm2", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
                     "num_key_value_heads": 8, "vocab_size": 92553, "max_position_embeddings": 32768}}, 8.075, {"tied_embeddings": False, "headless": None}),
    ({"model_type": "cohere", "hidden_size": 12288, "intermediate_size": 33792, "num_hidden_layers": 64, "num_attention_heads": 96, "num_key_value_heads": 8,
      "max_position_embeddings": 8192, "model_max_length": 131072}, 103.81, {"max_sequence": 131072}),
]
JAMBA = {"model_type": "jamba", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
         "vocab_size": 65536, "num_experts": 16, "num_experts_per_tok": 2, "attn_layer_period": 8, "attn_layer_offset": 4, "expert_layer_period": 2}
NAS = {"num_hidden_layers": 2, "model_type": "nemotron-nas"}
BLOCK = {"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 2.0}}
MAMBA = {"d_model": 64, "n_layer": 2, "vocab_size": 100, "ssm_cfg": {}}
ELM = {"model_type": "openelm", "model_dim": 1280, "num_transformer_layers": 2, "head_dim": 64, "num_query_heads": [12, 12], "num_kv_heads": [3, 3],
       "vocab_size": 32000}
# What is wrong is told by its field, at its place: of a Llama or a file, or of a whole configuration, what is changed in it, and the words.
DEEPSEEK, NEXT, GPT_OSS = "aic__deepseek-ai--DeepSeek-V3", "infersim__qwen3-next-80B-A3B", "aic__openai--gpt-oss-120b"
LLAVA, SEES = "shape__llava-1.5-7b-hf", "aic__Qwen--Qwen3-VL-8B-Instruct"
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size", "intermediate_size", "max_position_embeddings", "head_dim")
WRONG = [(None, {key: value}, f"'{key}' {words}") for key in SIZES
         for value, words in (("4096", "must be a number, not a text"), (True, "must be a number, not 'true'"), (64.5, "must be a whole number, not 64.5"),
                              (-1, "is -1; it must be from 0"), (0, ""))] + [
    (None, {"tie_word_embeddings": "false"}, "'tie_word_embeddings' must be true or false, not a text"),
    (None, {"num_attention_heads": False}, "'num_attention_heads' is 0"), (None, {"head_dim": False}, "'head_dim' must be a number, not 'false'"),
    (None, {"tie_word_embeddings": 7}, "'tie_word_embeddings' must be true or false, not 7"), (None, {"tie_word_embeddings": [1]}, "takes a plain value, not a list"),
    (None, {"vocab_size": [1]}, "'vocab_size' takes a plain value"), (None, {"num_key_value_heads": [8] * 31}, "'num_key_value_heads' lists 31 layers, but there are 32"),
    (None, {"intermediate_size": [14336] * 33}, "'intermediate_size' lists 33 layers, but there are 32"), (None, {"num_key_value_heads": ["8"] * 32}, "not a text"),
    (None, {"num_key_value_heads": [True] * 32}, "not 'true'"), (None, {"num_key_value_heads": [[8]] * 32}, "not a list"), (None, {"intermediate_size": []}, "not a list"),
    (None, {"model_type": [1]}, "'model_type' takes a plain value, not a list"), (None, {"architectures": "MistralModel"}, "'architectures' takes a list"),
    (None, {"rope_scaling": 8}, "'rope_scaling' takes a mapping"), (None, {"rope_scaling": {"type": "yarn", "factor": "4"}}, "'rope_scaling.factor' must be a number, not a text"),
    (None, {"rope_scaling": {"factor": 4, "original_max_position_embeddings": -4}}, "'rope_scaling.original_max_position_embeddings' is -4"),
    (DEEPSEEK, {"first_k_dense_replace": 99}, "'first_k_dense_replace' is 99, but there are 61 layers"), (DEEPSEEK, {"first_k_dense_replace": -1}, "is -1; it must"),
    (DEEPSEEK, {"first_k_dense_replace": 1.5}, "must be a whole number"), (DEEPSEEK, {"moe_layer_freq": 0}, "'moe_layer_freq' must be 1 or more, not 0"),
    (DEEPSEEK, {"moe_layer_freq": 100}, "'moe_layer_freq' is 100, but there are 61 layers"), (DEEPSEEK, {"moe_layer_freq": 1.5}, "must be a whole number, not 1.5"),
    (DEEPSEEK, {"moe_layer_freq": [0, 1, 1]}, "'moe_layer_freq' lists 3 layers, but there are 61"), (DEEPSEEK, {"moe_layer_freq": ["x"] * 61}, "neither dense (0) nor sparse (1)"),
    (DEEPSEEK, {"n_shared_experts": 0.5}, "'n_shared_experts' must be a whole number"), (DEEPSEEK, {"kv_lora_rank": "512"}, "'kv_lora_rank' must be a number, not a text"),
    (JAMBA, {"expert_layer_period": 100}, "'expert_layer_period' is 100, but there are 32 layers"), (JAMBA, {"expert_layer_period": -2}, "'expert_layer_period' is -2"),
    (JAMBA, {"expert_layer_offset": 5}, "'expert_layer_offset' of family 'jamba' must be less than the period"), (JAMBA, {"attn_layer_period": 2.5}, "whole number, not 2.5"),
    (JAMBA, {"attn_layer_offset": 9}, "'attn_layer_offset' of family 'jamba' must be less than the period"), (JAMBA, {"attn_layer_period": 0}, "must be 1 or more, not 0"),
    (NEXT, {"mlp_only_layers": [99]}, "'mlp_only_layers' has layer 99, but there are 48"), (NEXT, {"mlp_only_layers": [1.5]}, "whole number"), (NEXT, {"mlp_only_layers": ["1"]}, "a text"),
    (NEXT, {"mlp_only_layers": 3}, "'mlp_only_layers' takes a list"), (NEXT, {"partial_rotary_factor": 2}, "is a share of 1 or less"),
    (NEXT, {"linear_key_head_dim": 128.5}, "'linear_key_head_dim' must be a whole number"), (GPT_OSS, {"sliding_window": True}, "'sliding_window' must be a number, not 'true'"),
    (GPT_OSS, {"layer_types": ["full_attention"] * 35}, "'layer_types' lists 35 layers, but there are 36"), (GPT_OSS, {"layer_types": {"a": 1}}, "lists 0 layers"),
    (LLAVA, {"vision_config": [1]}, "'vision_config' takes a mapping, not a list"), (LLAVA, {"vision_config": 3}, "'vision_config' takes a mapping"),
    (LLAVA, {"text_config": [1]}, "'text_config' takes a mapping, not a list"), (LLAVA, {"text_config": "x"}, "'text_config' takes a mapping"),
    (LLAVA, {"text_config": {"model_type": "novel", "novel_blocks": 3}}, "'novel_blocks' is not known of 'novel', which no family is for: nearest is 'llava'"),
    (SEES, {"vision_config": {"hidden_size": "1152"}}, "'hidden_size' must be a number, not a text"), (SEES, {"vision_config": {"depth": -1}}, "'depth' is -1"),
    (NAS, {"block_configs": {"a": 1}}, "'block_configs' takes a list"), (NAS, {"block_configs": [3, 4]}, "must have a block of attention"),
    (NAS, {"block_configs": [BLOCK, {"attention": 3}]}, "'attention' takes a mapping"), (NAS, {"block_configs": [BLOCK, {"attention": {"n_heads_in_group": "4"}}]}, "not a text"),
    (NAS, {"block_configs": [BLOCK, {"attention": {"n_heads_in_group": 3}}]}, "must have a group that the heads are a multiple of"),
    (ELM, {"ffn_multipliers": [0.5]}, "'ffn_multipliers' lists 1 layers, but there are 2"), (ELM, {"ffn_multipliers": [-0.5, 1]}, "'ffn_multipliers' is -0.5"),
    (ELM, {"ffn_multipliers": ["a", "b"]}, "'ffn_multipliers' must be a number, not a text"), (ELM, {"ffn_multipliers": 1, "ffn_dim_divisor": 0}, "must be 1 or more"),
    (ELM, {"ffn_multipliers": 1, "num_query_heads": [12]}, "'num_query_heads' lists 1 layers"), (MAMBA, {"ssm_cfg": [1]}, "'ssm_cfg' takes a mapping, not a list"),
    (MAMBA, {"ssm_cfg": {"layer": "Mamba2"}, "attn_layer_idx": [9]}, "'attn_layer_idx' of family 'mamba-2-ssm' mixes attention"), (MAMBA, {"novel_dim": 5}, "'novel_dim'"),
    ({"model_type": "albert", "embedding_size": 128, "num_hidden_layers": 12}, {}, "of family 'albert' are one layer's weights used again and again"),
    ({"model_type": "zamba2", "hidden_size": 2560, "num_hidden_layers": 54}, {}, "of family 'zamba' share the weights of their attention"),
    ({"model_type": "opt", "hidden_size": 1024, "num_attention_heads": 16, "word_embed_proj_dim": 512}, {}, "'word_embed_proj_dim' of family 'opt' is another width"),
]


# Formats of GGUF: numbers of a block, its bytes, and the word of files that are mostly of it (None: 16 bits).
GGUF = {0: (1, 4, "gguf"), 1: (1, 2, None), 2: (32, 18, "q4-0"), 8: (32, 34, "q8-0"), 12: (256, 144, "q4-k-m"), 13: (256, 176, "q5-k-m"),
        14: (256, 210, "q6-k"), 30: (1, 2, None), 39: (32, 17, "mxfp4-experts")}
FILE_TYPES = {0: 0, 1: 1, 2: 2, 8: 7, 12: 15, 13: 17, 14: 18, 30: 32, 39: 38}


def gguf(path, architecture, numbers, tensors, tokens=1000):
    """A header of GGUF, version 3: texts of keys and values, and tensors as (name, shape, format)."""
    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()
    pairs = [text("general.architecture") + struct.pack("<I", 8) + text(architecture)]
    pairs += [text(key) + (struct.pack("<IIQ", 9, 4, len(value)) + b"".join(struct.pack("<I", n) for n in value) if isinstance(value, list)
                           else struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<Ii", 5, value) if value < 0
                           else struct.pack("<II", 4, value)) for key, value in numbers.items()]
    pairs.append(text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, tokens) + b"".join(text(f"t{i}") for i in range(tokens)))
    pairs.append(text("tokenizer.ggml.scores") + struct.pack("<IIQ", 9, 6, 3) + struct.pack("<fff", 0.5, -1, 2))
    body = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs)
    begin = 0
    for name, shape, kind in tensors:
        body += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in shape) + struct.pack("<IQ", kind, begin)
        begin += -(-(math.prod(shape) // GGUF[kind][0] * GGUF[kind][1]) // 32) * 32
    path.write_bytes(body)
    return body


def run(*arguments):
    return subprocess.run([SPEEDUP, *arguments], capture_output=True, text=True, check=False)


def show(path):
    """The model, or None and what was told."""
    done = run("catalog", "show", "--model", str(path), "--json")
    return (json.loads(done.stdout) if done.returncode == 0 else None), done.stderr


def at(model, path):
    if path in ("parameters", "cache_bytes"):
        return model["counted"][path]
    for key in path.split("."):
        model = model[key] if model else None
    return model


def same_as_entry(path, names, hardware):
    """Keys of the estimate of a Llama 3.1 8B that are not those of the catalog's entry with the optimizations."""
    load = ("--hardware", hardware, "--serve", "8x1024x128", "--accelerators", "1", "--json")
    mine, entry = (json.loads(run("estimate", "--model", model, "--optimize", optimize, *load).stdout)
                   for model, optimize in ((str(path), "paged-attention"), ("llama-3-1-8b", "paged-attention," + names.replace(" ", ""))))
    return [key for key in ("answer", "layout", "memory") if mine[key] != entry[key]]


class Import(unittest.TestCase):
    def test_published_files_count_as_their_publishers_say(self):
        with open(HERE / "expected.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertGreater(len(rows), 110)
        for row in rows:
            with self.subTest(row["file"]):
                model, told = show(HERE / "files" / row["file"])
                if row["refused"]:
                    self.assertIsNone(model)
                    self.assertIn(row["refused"], told)
                    continue
                self.assertIsNotNone(model, told)
                if row["parameters_billion"]:
                    self.assertAlmostEqual(model["counted"]["parameters"] / (1e9 * float(row["parameters_billion"])), 1, delta=0.01)
                if row["cache_bytes"]:
                    self.assertEqual(model["counted"]["cache_bytes"], float(row["cache_bytes"]))

    def test_each_of_the_smallest_files_shows_what_it_must(self):
        self.assertEqual(set(MIN), {str(path.relative_to(HERE / "min")) for path in (HERE / "min").rglob("*.json")})
        for name, expected in MIN.items():
            with self.subTest(name):
                model, told = show(HERE / "min" / name)
                if isinstance(expected, str):
                    self.assertIsNone(model)
                    self.assertIn(expected, told)
                    self.assertRegex(told.split("\n")[0], r"\.json:\d+:\d+: error\[SPD-")
                    continue
                self.assertIsNotNone(model, told)
                for path, value in expected.items():
                    if path == "~":
                        self.assertIn("warning", told)
                        self.assertIn(value, told)
                    else:
                        self.assertEqual(at(model, path), value, path)

    def test_entries_of_state_spaces_count_as_published(self):
        for name, id, billion in (("granite.yaml", "g4hs", 32.2), ("nh.yaml", "nh56", 56)):
            done = run("catalog", "show", "models", id, "--json", "--catalog", str(HERE / "min" / name))
            self.assertAlmostEqual(json.loads(done.stdout)["counted"]["parameters"] / 1e9 / billion, 1, delta=0.01)

    def test_a_model_of_the_catalog_comes_from_its_own_file(self):
        same = ("layers", "hidden", "heads", "kv_heads", "vocab", "max_sequence", "ffn_kind", "tied_embeddings", "experts", "prediction_layers")
        for name, id in OWN.items():
            with self.subTest(name):
                model, told = show(HERE / "files" / f"own__{name}.json")
                self.assertIsNotNone(model, told)
                entry = json.loads(run("catalog", "show", "models", id, "--json").stdout)
                self.assertEqual(model["counted"], entry["counted"])
                for key in same:
                    self.assertEqual(model[key], entry[key] or model[key], key)

    def test_a_file_is_estimated_in_the_precision_that_it_has(self):
        load = ("--hardware", "dgx-b200", "--serve", "16x512x512", "--accelerators", "8", "--json")
        for name, (id, names) in NARROW.items():
            with self.subTest(name):
                path = str(HERE / "files" / f"{name}.json")
                mine = json.loads(run("estimate", "--model", path, "--optimize", "paged-attention", *load).stdout)
                entry = json.loads(run("estimate", "--model", id, "--optimize", ",".join(["paged-attention"] + names.split(",") * bool(names)), *load).stdout)
                self.assertEqual(mine["answer"], entry["answer"])
                self.assertEqual(mine["layout"], entry["layout"])
                for word in names.split(",") if names else ():
                    self.assertIn(word, mine["note"])
        path = str(HERE / "files/own__openai--gpt-oss-120b.json")
        other = json.loads(run("estimate", "--model", path, "--optimize", "paged-attention,fp8-weights", *load).stdout)
        entry = json.loads(run("estimate", "--model", "gpt-oss-120b", "--optimize", "paged-attention,fp8-weights", *load).stdout)
        self.assertEqual(other["answer"], entry["answer"])

    def test_a_file_is_estimated_as_the_entry_of_the_catalog(self):
        for name, id in SAME.items():
            for load in (("--serve", "4x512x128", "--optimize", "paged-attention"), ("--train", "16x1024", "--optimize", "flash-attention-2")):
                with self.subTest(name, load=load):
                    mine, entry = (json.loads(run("estimate", "--model", model, "--hardware", "dgx-h200", "--accelerators", "8", *load, "--json").stdout)
                                   for model in (str(HERE / "files" / f"{name}.json"), id))
                    self.assertEqual(mine["answer"], entry["answer"])

    def test_towers_count_in_memory_and_the_answer_says_so(self):
        load = ("--hardware", "dgx-h100", "--serve", "1x128x128", "--accelerators", "1", "--json")
        config = json.loads((HERE / "files/shape__Mistral-Small-3.1-24B.json").read_text(encoding="utf-8"))
        path = Path(self.folder.name) / "tower.json"
        answers = []
        for whole in (config, config["text_config"]):
            path.write_text(json.dumps(whole), encoding="utf-8")
            answers.append(json.loads(run("estimate", "--model", str(path), *load).stdout))
        encoders = show(HERE / "files/shape__Mistral-Small-3.1-24B.json")[0]["encoders"]
        self.assertAlmostEqual(encoders, 24.01e9 - 23.57e9, delta=0.01e9)
        self.assertIn("M parameters of encoders count in memory", answers[0]["note"])
        self.assertIsNone(answers[1]["note"])
        self.assertEqual(answers[0]["memory"][0]["bytes"] - answers[1]["memory"][0]["bytes"], 2 * encoders)

    def test_a_narrow_file_asks_for_the_accelerators_that_it_needs(self):
        for name, hardware, count in (("own__openai--gpt-oss-120b", "dgx-h100", 1), ("own__deepseek-ai--DeepSeek-V3", "dgx-h200", 8)):
            answer = json.loads(run("estimate", "--model", str(HERE / "files" / f"{name}.json"), "--hardware", hardware, "--serve", "8x1024x512", "--json").stdout)
            self.assertEqual(answer["layout"]["accelerators"], count, name)

    def test_all_spellings_of_a_precision_choose_its_optimization(self):
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        path = Path(self.folder.name) / "narrow.json"
        same = set()
        for quantization, word, taken in WORDS:
            with self.subTest(str(quantization)):
                path.write_text(json.dumps(config | {"quantization_config": quantization}), encoding="utf-8")
                model = show(path)[0]
                self.assertEqual(model["quantized"], word)
                answer = json.loads(run("estimate", "--model", str(path), "--hardware", "dgx-h100", "--serve", "1x128x128", "--json").stdout)
                if taken:
                    self.assertIn(f"({word}): {taken}", answer["note"])
                    # A file of another group than the usual one, or of a format that the chip lacks, has its own bytes.
                    if taken != "file-weights" and "has no products" not in answer["note"] and "'group_size': 64" not in str(quantization):
                        self.assertEqual(same_as_entry(path, taken, "dgx-h100"), [])
                        same.add(taken)
                elif word:
                    self.assertIn("taken in 16 bits", answer["note"])
                else:
                    self.assertIsNone(answer["note"])
        self.assertEqual(same, {taken for _, _, taken in WORDS if taken} - {"file-weights"})
        for quantization, taken in BLACKWELL:
            with self.subTest(str(quantization), hardware="dgx-b200"):
                path.write_text(json.dumps(config | {"quantization_config": quantization}), encoding="utf-8")
                self.assertEqual(same_as_entry(path, taken, "dgx-b200"), [])

    def test_weights_in_several_precisions_take_the_bytes_of_each(self):
        path = Path(self.folder.name) / "mixed.json"
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        groups = {name: {"targets": [target], "weights": {"num_bits": bits, "group_size": group, "type": "int"}}
                  for name, target, bits, group in (("a", "re:.*mlp.*", 4, 128), ("b", "re:.*attn.*", 8, None))}
        modules = {f"model.layers.{i}.{name}": {"quant_algo": algo} for i in range(4) for name, algo in (("mlp.up_proj", "NVFP4"), ("self_attn.q_proj", "FP8"))}
        for quantization, word, bits in (({"quant_method": "compressed-tensors", "config_groups": groups}, "int4", (8, 4 + 20 / 128)),
                                         ({"quant_algo": "MIXED_PRECISION", "quantized_layers": modules}, "nvfp4", (8, 4.625))):
            path.write_text(json.dumps(config | {"quantization_config": quantization}), encoding="utf-8")
            model, told = show(path)
            self.assertEqual((model["quantized"], model["file_bits"]["attention"], model["file_bits"]["feed_forward"]), (word, *bits))
            self.assertIn("with the bytes of each part", told)
        path.write_text(json.dumps(config | {"quantization_config": [1]}), encoding="utf-8")
        self.assertIn("says nothing of the weights' precision", show(path)[1])

    def test_weights_take_the_bytes_of_the_file_that_is_there(self):
        folder = Path(self.folder.name)
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        for quantization, size, told in (({"quant_method": "exl2", "bits": 4.65}, 5.7e9, None), ({"quant_method": "novel"}, 5.7e9, None),
                                         ({"quant_method": "gptq", "bits": 3}, 4.9e9, None), ({"quant_method": "gptq", "bits": 4}, 5.73e9, None),
                                         (None, 16.06e9, None), (None, 32.12e9, None), (None, 5e9, "4.98 bits for each"), (None, 26e9, "25.9 bits for each"),
                                         ({"quant_method": "fp8"}, 30e9, "29.9 bits for each")):
            with self.subTest(quantization, size=size):
                (folder / "config.json").write_text(json.dumps(config | {"quantization_config": quantization}), encoding="utf-8")
                (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": size}}), encoding="utf-8")
                warned = show(folder)[1]
                self.assertIn(told, warned) if told else self.assertEqual(warned, "")
                done = run("estimate", "--model", str(folder), "--hardware", "dgx-h100", "--serve", "1x128x128", "--accelerators", "1", "--json")
                if quantization and not told:
                    self.assertAlmostEqual(json.loads(done.stdout)["memory"][0]["bytes"] / size, 1, delta=0.01)

    def test_a_plan_keeps_the_weights_of_the_file(self):
        folder = Path(self.folder.name)
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        (folder / "awq.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "awq", "bits": 4}}), encoding="utf-8")
        plan = "plan: {model: awq.json, systems: [dgx-h100], accelerators: [1], prompt: 512, output: 128, concurrency: [8]%s}"
        (folder / "plan.yaml").write_text(plan % "", encoding="utf-8")
        answer = json.loads(run("plan", str(folder / "plan.yaml"), "--json").stdout)
        self.assertFalse({"fp8-weights", "w8a8-int8", "awq"} & {name for row in answer["best"] for name in row["optimizations"].split()})
        self.assertIn({"key": "weights", "value": "awq"}, [{key: one[key] for key in ("key", "value")} for one in answer["assumed"]])
        (folder / "plan.yaml").write_text(plan % ", choices: [[none, fp8-weights]]", encoding="utf-8")
        answer = json.loads(run("plan", str(folder / "plan.yaml"), "--json").stdout)
        self.assertIn("fp8-weights", {name for row in answer["best"] for name in row["optimizations"].split()})

    def test_a_note_says_what_becomes_of_the_precision_of_the_file(self):
        path = Path(self.folder.name) / "fp8.json"
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        path.write_text(json.dumps(config | {"quantization_config": {"quant_method": "fp8"}}), encoding="utf-8")
        for hardware, load, words in (("dgx-a100-80gb", ("--serve", "1x128x128"), "int8-weights (a100-sxm-80gb has no products for it)"),
                                      ("dgx-h100", ("--serve", "1x128x128"), "(fp8): fp8-weights;"),
                                      ("dgx-h100", ("--train", "8x512"), "quantized (fp8), which training does not take")):
            answer = json.loads(run("estimate", "--model", str(path), "--hardware", hardware, *load, "--json").stdout)
            self.assertIn(words, json.dumps(answer))

    def test_positions_are_stretched_as_their_kind_says(self):
        path = Path(self.folder.name) / "rope.json"
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        for most, scaling, expected in ROPE:
            with self.subTest(most=most, scaling=scaling):
                path.write_text(json.dumps(config | {"max_position_embeddings": most, "rope_scaling": scaling}), encoding="utf-8")
                model, told = show(path)
                if isinstance(expected, str):
                    self.assertIsNone(model)
                    self.assertIn(expected, told)
                else:
                    self.assertEqual(model["max_sequence"], expected, told)

    def test_what_is_wrong_in_a_file_is_told_by_its_field_at_its_place(self):
        path = Path(self.folder.name) / "wrong.json"
        llama = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        for base, change, words in WRONG:
            with self.subTest(base=base, change=change):
                if isinstance(base, str):
                    base = json.loads((HERE / "files" / f"{base}.json").read_text(encoding="utf-8"))
                path.write_text(json.dumps((llama if base is None or base is NAS else {}) | (base or {}) | change, indent=1), encoding="utf-8")
                model, told = show(path)
                self.assertIsNone(model)
                self.assertIn(words, told)
                self.assertNotIn("nan", told)
                self.assertRegex(told, r"^[^\n]*wrong\.json:\d+:\d+: error\[SPD-\d+\]: '")

    def test_a_text_model_of_no_known_type_is_read_as_the_model_around_it_with_a_warning(self):
        path = Path(self.folder.name) / "inner.json"
        for name, family in ((LLAVA, "llava"), (SEES, "qwen3-vl")):
            config = json.loads((HERE / "files" / f"{name}.json").read_text(encoding="utf-8"))
            config["text_config"]["model_type"] = "novel"
            path.write_text(json.dumps(config), encoding="utf-8")
            model, told = show(path)
            self.assertEqual(model["layers"], config["text_config"].get("num_hidden_layers", 32))
            self.assertIn(f"warning[SPD-307]: 'model_type' is 'novel', of which no family is known: read as '{family}'", told)

    def test_classes_and_towers_count_what_they_have(self):
        path = Path(self.folder.name) / "shape.json"
        for config, billion, fields in SHAPES:
            with self.subTest(config.get("model_type"), proj=config.get("feed_forward_proj"), classes=config.get("architectures")):
                path.write_text(json.dumps(config), encoding="utf-8")
                model, told = show(path)
                self.assertIsNotNone(model, told)
                self.assertAlmostEqual(model["counted"]["parameters"] / 1e9 / billion, 1, delta=0.01)
                for key, value in fields.items():
                    self.assertEqual(at(model, key) or None, value or None, key)

    def test_a_job_names_the_file_of_its_model_where_the_host_named_the_jobs(self):
        folder = Path(self.folder.name)
        (folder / "repository").mkdir()
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        (folder / "repository/config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "repository/hf_quant_config.json").write_text(json.dumps(
            {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8", "exclude_modules": ["lm_head"]}}), encoding="utf-8")
        job = ("serve: {model: %s, system: dgx-h100, stack: vllm, accelerators: 1, prompt: 512, output: 128, concurrency: 8, "
               "optimizations: [paged-attention%s]}")
        (folder / "entry.yaml").write_text(job % ("llama-3-1-8b", ", fp8-weights, fp8-kv-cache"), encoding="utf-8")
        entry = json.loads(run("estimate", str(folder / "entry.yaml"), "--json").stdout)
        for model in ("repository", "repository/", "repository/config.json", "./repository/config.json", str(folder / "repository")):
            (folder / "job.yaml").write_text(job % (model, ""), encoding="utf-8")
            done = run("estimate", str(folder / "job.yaml"), "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            mine = json.loads(done.stdout)
            self.assertEqual(mine["answer"], entry["answer"])
            self.assertIn("fp8-weights, fp8-kv-cache", mine["note"])
        weighed = [run("admit", str(folder / name), "--accelerators", "1", "--json") for name in ("job.yaml", "entry.yaml")]
        self.assertEqual(weighed[0].stderr, weighed[1].stderr)
        self.assertEqual(json.loads(weighed[0].stdout), json.loads(weighed[1].stdout))
        (folder / "plan.yaml").write_text("plan: {model: repository/config.json, systems: [dgx-h100], stack: vllm, accelerators: [1, 2], prompt: 512, "
                                          "output: 128, concurrency: [8]}", encoding="utf-8")
        done = run("plan", str(folder / "plan.yaml"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        (folder / "job.yaml").write_text(job % ("repository/none.json", ""), encoding="utf-8")
        self.assertIn("there is no model 'repository/none.json'", run("estimate", str(folder / "job.yaml")).stderr)
        refused = run("admit", str(folder / "job.yaml"))
        self.assertEqual(refused.returncode, 4)
        self.assertIn("there is no model 'repository/none.json'", refused.stderr)
        (folder / "broken.json").write_text('{"model_type": "llama", }', encoding="utf-8")
        (folder / "job.yaml").write_text(job % ("broken.json", ""), encoding="utf-8")
        self.assertRegex(run("estimate", str(folder / "job.yaml")).stderr, r"broken\.json:1:23: error\[SPD-101\]: nothing follows")

    def test_a_gguf_file_says_its_shape_its_format_and_its_bytes(self):
        path = Path(self.folder.name) / "model.gguf"
        shape = {"llama.block_count": 2, "llama.embedding_length": 1024, "llama.attention.head_count": 16, "llama.attention.head_count_kv": 4,
                 "llama.feed_forward_length": 2048, "llama.context_length": 4096}
        for kind, (block, size, word) in GGUF.items():
            with self.subTest(kind):
                tensors = [("token_embd.weight", (1024, 1000), kind), ("output.weight", (1024, 1000), 14), ("blk.0.ffn_up.weight", (1024, 2048), kind),
                           ("blk.0.attn_norm.weight", (1024,), 0)]
                gguf(path, "llama", shape | {"general.file_type": FILE_TYPES[kind]}, tensors)
                model, told = show(path)
                self.assertIsNotNone(model, told)
                self.assertEqual(model["file_bytes"], 1024 * 3048 // block * size + 1024 * 1000 // 256 * 210 + 4096)
                self.assertEqual([model[key] for key in ("layers", "hidden", "heads", "kv_heads", "ffn", "vocab", "max_sequence", "quantized")],
                                 [2, 1024, 16, 4, 2048, 1000, 4096, word])
                self.assertFalse(model["tied_embeddings"])
        body = gguf(path, "llama", shape, [("token_embd.weight", (1024, 1000), 1)])
        self.assertTrue(show(path)[0]["tied_embeddings"])
        for wrong in (body[:-3], body[:40], b"GGUF", body[:12] + b"\xff" * 12 + body[24:]):
            path.write_bytes(wrong)
            model, told = show(path)
            self.assertIsNone(model)
            self.assertIn("the header of this GGUF file is broken", told)
        for more, words in (({"block_count": math.nan}, "'block_count' must be a finite number, not 'nan'"), ({"rope.freq_base": math.inf}, "not 'inf'"),
                            ({"block.count": 3}, "'block_count' is given twice"), ({"block_count": 0}, "'block_count' is 0"), ({"block_count": -1}, "'block_count' is -1"),
                            ({"embedding_length": 1024.5}, "must be a whole number"), ({"attention.head_count_kv": 0}, "'attention_head_count_kv' must be 1 or more"),
                            ({"attention.head_count_kv": [4]}, "lists 1 layers, but there are 2"), ({"expert_count": -2}, "'expert_count' is -2"),
                            ({"context_length": 0}, "'context_length' must be 1 or more"), ({"attention.key_length": 0}, "must be 1 or more")):
            with self.subTest(more):
                gguf(path, "llama", shape | {f"llama.{key}": value for key, value in more.items()}, tensors)
                model, told = show(path)
                self.assertIsNone(model)
                self.assertIn(words, told)
                self.assertRegex(told, r"^[^\n]*model\.gguf:1:\d+: error")
        two = gguf(path, "llama", shape, [("token_embd.weight", (1024, 1000), 1), ("output.weight", (1024, 1000), 1)])
        for begin in (0, 100, 2047968):
            path.write_bytes(two[:-8] + struct.pack("<Q", begin))
            self.assertIn(f"a tensor begins at byte {begin}, but the one before it ends at 2048000", show(path)[1])
        gguf(path, "llama", shape, [("token_embd.weight", (1024, 0), 1)])
        self.assertIn("the header of this GGUF file is broken", show(path)[1])
        path.write_bytes(body[:4] + b"\x01" + body[5:])
        self.assertIn("is of version 1; 2 and 3 are known", show(path)[1])

    def test_a_gguf_file_names_its_fields_alike_in_all_families(self):
        path = Path(self.folder.name) / "model.gguf"
        for row in json.loads((HERE / "gguf.json").read_text(encoding="utf-8")):
            with self.subTest(row["architecture"]):
                hidden = row["keys"]["embedding_length"]
                tables = [(name, (hidden, row["vocab"]), 14) for name in ("token_embd.weight", "output.weight")[:2 - row["tied"]]]
                keys = {"%s.%s" % (row["architecture"], key): value for key, value in row["keys"].items()} | {"general.file_type": 18}
                gguf(path, row["architecture"], keys, tables)
                model, told = show(path)
                self.assertIsNotNone(model, told)
                self.assertAlmostEqual(model["counted"]["parameters"] / 1e9 / row["parameters_billion"], 1, delta=0.01)
                self.assertEqual(model["counted"]["cache_bytes"], row["cache_bytes"])
                self.assertEqual([model["vocab"], model["encoders"] or 0], [row["vocab"], 0])

    def test_weights_of_a_gguf_file_take_the_bytes_of_its_tensors(self):
        path = Path(self.folder.name) / "model.gguf"
        h, f, layers, vocab, experts = 2048, 8192, 8, 32000, 8
        shape = {"llama.block_count": layers, "llama.embedding_length": h, "llama.attention.head_count": 16, "llama.attention.head_count_kv": 4,
                 "llama.feed_forward_length": f, "llama.context_length": 4096}
        for count in (0, experts):
            for kind, (block, size, word) in GGUF.items():
                up, down = ("ffn_up_exps", "ffn_down_exps") if count else ("ffn_up", "ffn_down")
                more = (count,) if count else ()
                tensors = [("token_embd.weight", (h, vocab), 12 if word else kind), ("output.weight", (h, vocab), 14 if word else kind), ("output_norm.weight", (h,), 0)]
                for i in range(layers):
                    tensors += [(f"blk.{i}.{name}.weight", (h, width), 14 if word and name == "attn_v" and i % 2 else kind)
                                for name, width in (("attn_q", h), ("attn_k", h // 4), ("attn_v", h // 4), ("attn_output", h))]
                    tensors += [(f"blk.{i}.{name}.weight", (h, f) + more, kind) for name in (up, down, "ffn_gate_exps" if count else "ffn_gate")]
                    tensors += [(f"blk.{i}.attn_norm.weight", (h,), 0), (f"blk.{i}.ffn_norm.weight", (h,), 0)]
                    tensors += [(f"blk.{i}.ffn_gate_inp.weight", (h, count), 0)] * bool(count)
                moe = {"llama.expert_count": count, "llama.expert_used_count": 2} if count else {}
                for types in ({"general.file_type": FILE_TYPES[kind]}, {}):
                    with self.subTest(kind, experts=count, types=types):
                        gguf(path, "llama", shape | moe | types, tensors, tokens=vocab)
                        bytes_ = show(path)[0]["file_bytes"]
                        done = run("estimate", "--model", str(path), "--hardware", "dgx-h100", "--serve", "1x128x128", "--accelerators", "1", "--json")
                        self.assertEqual(done.returncode, 0, done.stderr)
                        answer = json.loads(done.stdout)
                        self.assertAlmostEqual(answer["memory"][0]["bytes"] / bytes_, 1, delta=0.01)
                        if word:
                            self.assertIn("precision from the model's file", answer["note"])
        gguf(path, "llama", shape | {"split.no": 0, "split.count": 3}, tensors[:20], tokens=vocab)
        self.assertIsNone(show(path)[0]["file_bytes"] or None)
        gguf(path, "", {"split.no": 1, "split.count": 3}, tensors[20:], tokens=0)
        path.write_bytes(path.read_bytes().replace(b"general.architecture", b"general.architectura"))
        self.assertIn("file 2 of the 3", show(path)[1])

    def test_safetensors_beside_a_configuration_count_their_bytes(self):
        folder = Path(self.folder.name)
        (folder / "config.json").write_bytes((HERE / "min/crlf.json").read_bytes())
        tensors = {"__metadata__": {"format": "pt"}, "a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, "b": {"dtype": "F8_E4M3", "shape": [5], "data_offsets": [12, 17]}}
        header = json.dumps(tensors).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(17))
        for path in (folder, folder / "model.safetensors"):
            model, told = show(path)
            self.assertEqual(model["file_bytes"], 17, told)
            self.assertEqual(model["counted"]["parameters"], LLAMA["parameters"])
        (folder / "model.safetensors.index.json").write_text(json.dumps(
            {"metadata": {"total_size": 16060522496}, "weight_map": {f"layers.{i}": "model-00001-of-00002.safetensors" for i in range(60000)}}), encoding="utf-8")
        for path in (folder, folder / "model.safetensors.index.json"):
            self.assertEqual(show(path)[0]["file_bytes"], 16060522496)
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + header)
        self.assertIn("safetensors file is broken", show(folder / "model.safetensors")[1])

    def test_an_index_says_its_bytes_as_a_whole_number_or_is_refused(self):
        folder = Path(self.folder.name)
        (folder / "config.json").write_bytes((HERE / "min/crlf.json").read_bytes())
        for value, words in (("0", None), ("16060522496.0", None), ("-1e15", "'total_size' is -1000 T; it must be from 0"), ("1e308", "it must be from 0 to"),
                             ("1.5", "must be a whole number, not '1.5'"), ('"16 GB"', "must be a whole number, not a text"), ('"5xyz"', "not a text"),
                             ("1e400", "must be a finite number"), ("null", "must be a number, not 'null'"), ("true", "not 'true'"), ("[1]", "not a list")):
            (folder / "model.safetensors.index.json").write_text('{"metadata": {"total_size": %s}}' % value, encoding="utf-8")
            with self.subTest(value):
                model, told = show(folder)
                if words:
                    self.assertIsNone(model)
                    self.assertIn(words, told)
                    self.assertIn("model.safetensors.index.json:1:29: error", told)
                else:
                    self.assertEqual(model.get("file_bytes") or 0, float(value), told)

    def test_the_header_of_a_safetensors_file_adds_up_or_is_refused(self):
        folder = Path(self.folder.name)
        (folder / "config.json").write_bytes((HERE / "min/crlf.json").read_bytes())

        def tensor(begin, end, dtype="F16", shape=None, **more):
            return {"dtype": dtype, "shape": shape or [(end - begin) // 2], "data_offsets": [begin, end]} | more

        for name, header, words in (
                ("twice", {"a": tensor(0, 8), "b": tensor(0, 8)}, "tensor 'b' overlaps another"), ("partly", {"a": tensor(0, 8), "b": tensor(4, 12)}, "overlaps"),
                ("hole", {"a": tensor(0, 8), "b": tensor(10, 12)}, "tensor 'b' lies behind bytes that no tensor has"),
                ("begin", {"a": tensor(2, 8)}, "no tensor has"), ("back", {"a": tensor(8, 0, shape=[4])}, "ends before it begins"),
                ("shape", {"a": tensor(0, 8, "F32", [4096, 4096])}, "other bytes"), ("huge", {"a": tensor(0, 8, "F32", [10 ** 15] * 30)}, "other bytes"),
                ("missing", {"a": {"dtype": "F16", "shape": [4]}}, "has no 'data_offsets'"), ("three", {"a": tensor(0, 8, data_offsets=[0, 8, 9])}, "must have two"),
                ("mapping", {"a": tensor(0, 8, data_offsets={"0": 8})}, "not a mapping"), ("text", {"a": tensor(0, 8, data_offsets=["0", "8"])}, "not a text"),
                ("half", {"a": tensor(0, 8, data_offsets=[0.5, 8.5])}, "must be a whole number"), ("negative", {"a": tensor(-8, 8)}, "must be from 0"),
                ("sum", {f"a{i}": tensor(i * 10 ** 16, (i + 1) * 10 ** 16, shape=[5 * 10 ** 15]) for i in range(2)}, "it must be from 0 to"),
                ("plain", {"a": 7}, "takes a mapping"), ("list", [1], "header of this safetensors file is broken"),
                ("unknown", {"a": tensor(0, 8, "ZORK")}, "warning[SPD-307]: 'dtype' is 'ZORK'"),
                ("metadata", {"__metadata__": {"data_offsets": "0"}, "a": tensor(0, 8)}, ""), ("narrow", {"a": tensor(0, 8, "F4", [4, 4])}, ""),
                ("beyond", {"a": tensor(0, 10 ** 12)}, "warning[SPD-305]: the header has tensors of 1000000000000 bytes, but 8 bytes follow it")):
            text = json.dumps(header).encode()
            (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
            with self.subTest(name):
                model, told = show(folder)
                if words and "warning" not in words:
                    self.assertIsNone(model)
                    self.assertRegex(told, r"safetensors(:1:\d+)?: error")
                else:
                    self.assertEqual(model["file_bytes"], 10 ** 12 if name == "beyond" else 8, told)
                self.assertIn(words, told)

    def test_a_job_quotes_no_file_that_is_no_model(self):
        folder = Path(self.folder.name) / "job"
        (folder / "linked").mkdir(parents=True)
        secret = Path(self.folder.name) / "secret"
        secret.write_text("root:hunter2:0:0\n", encoding="utf-8")
        known = Path(self.folder.name) / "secret.json"
        known.write_text('{"token": "hunter2"}', encoding="utf-8")
        job = "train: {model: %s, system: dgx-h100, accelerators: 8, sequence: 128, global_batch: 8}"
        (folder / "linked/config.json").symlink_to(known)
        for path in ("linked", "linked/config.json"):
            (folder / "job.yaml").write_text(job % (path if path.endswith("json") else path + "/"), encoding="utf-8")
            done = run("estimate", str(folder / "job.yaml"))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("this is a link that leads out of its folder", done.stderr)
            self.assertNotIn("hunter2", done.stderr)
        for path in (str(secret), "../secret"):
            (folder / "job.yaml").write_text(job % path, encoding="utf-8")
            done = run("estimate", str(folder / "job.yaml"))
            self.assertIn("this is no model file", done.stderr)
            self.assertNotIn("hunter2", done.stdout + done.stderr)
        for name in ("config.json", "hf_quant_config.json", "model.safetensors.index.json"):
            repository = folder / name.split(".")[0]
            repository.mkdir()
            (repository / "config.json").write_bytes((HERE / "min/crlf.json").read_bytes())
            (repository / name).write_text("root:hunter2:0:0\n", encoding="utf-8")
            model, told = show(repository)
            self.assertIsNone(model)
            self.assertIn(f"{name}: error[SPD-307]: this is no model file", told)
            self.assertNotIn("hunter2", told)

    def test_what_is_admitted_reads_nothing_outside_its_folder_and_is_not_quoted(self):
        folder = Path(self.folder.name) / "jobs"
        (folder / "repository").mkdir(parents=True)
        outside = Path(self.folder.name) / "outside"
        outside.mkdir()
        for path in (outside / "config.json", folder / "repository/config.json"):
            path.write_bytes((HERE / "min/crlf.json").read_bytes())
        (outside / "secret.json").write_text('{"token": "hunter2"}', encoding="utf-8")
        (folder / "secret.json").write_text('{"token": "hunter2"}', encoding="utf-8")
        (folder / "link.json").symlink_to(outside / "config.json")
        (folder / "folder").symlink_to(outside)
        (folder / "linked").mkdir()
        (folder / "linked/config.json").symlink_to(outside / "config.json")
        (folder / "inner").symlink_to("repository")
        job = "serve: {model: %s, system: dgx-h100, stack: vllm, accelerators: 1, prompt: 512, output: 128, concurrency: 8}\n"
        for model, words in (("repository/config.json", None), ("repository/", None), ("inner/config.json", None), ("../outside/config.json", "there is no model"),
                             (outside / "config.json", "there is no model"), ("link.json", "there is no model"), ("folder/config.json", "there is no model"),
                             ("linked/", "this is a link that leads out of its folder"), ("/etc/passwd", "there is no model '/etc/passwd'"),
                             ("secret.json", "'model_type' is missing")):
            (folder / "job.yaml").write_text(job % model, encoding="utf-8")
            with self.subTest(model):
                done = run("admit", str(folder / "job.yaml"))
                self.assertEqual(done.returncode, 4 if words else 0, done.stderr)
                self.assertIn(words or "", done.stderr)
                self.assertNotIn("hunter", done.stdout + done.stderr)
        (folder / "job.yaml").write_text("train: {model: llama-2-7b, system: dgx-h100, acelerators: 8}  # hunter2\n", encoding="utf-8")
        done = run("admit", str(folder / "job.yaml"))
        self.assertIn(f"{folder}/job.yaml:1:46: error[SPD-107]: unknown key 'acelerators' in train; did you mean 'accelerators'?\n", done.stderr)
        self.assertNotIn("hunter", done.stdout + done.stderr)

    def test_a_cache_of_the_hub_is_read_through_its_links(self):
        hub = Path(self.folder.name) / "hub/models--a--b"
        (hub / "blobs").mkdir(parents=True)
        snapshot = hub / "snapshots/0123abc"
        snapshot.mkdir(parents=True)
        (hub / "blobs/f00").write_bytes((HERE / "min/crlf.json").read_bytes())
        (snapshot / "config.json").symlink_to("../../blobs/f00")
        for path in (snapshot, snapshot / "config.json"):
            self.assertEqual(show(path)[0]["counted"]["parameters"], LLAMA["parameters"])
        jobs = Path(self.folder.name) / "jobs"
        jobs.mkdir()
        (jobs / "job.yaml").write_text(f"train: {{model: {snapshot}, system: dgx-h100, accelerators: 8, sequence: 128, global_batch: 8}}", encoding="utf-8")
        self.assertEqual(run("estimate", str(jobs / "job.yaml")).returncode, 0)

    def test_a_folder_says_what_it_has_where_no_configuration_is(self):
        folder = Path(self.folder.name) / "repository"
        folder.mkdir()
        config = (HERE / "min/bom.json").read_bytes()
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 4\n"
        shape = {"llama.block_count": 2, "llama.embedding_length": 1024, "llama.attention.head_count": 16, "llama.feed_forward_length": 2048}

        def hold(files):
            for path in folder.iterdir():
                path.unlink()
            for name, text in files.items():
                (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
            return show(folder)

        self.assertIn("no config.json in this folder, and no GGUF file", hold({})[1])
        self.assertIn("but weights (model.safetensors), which do not say", hold({"model.safetensors": "x"})[1])
        self.assertIn("this is an adapter to a model (a/B), not a model",
                      hold({"adapter_config.json": json.dumps({"peft_type": "LORA", "base_model_name_or_path": "a/B"})})[1])
        header = gguf(folder / "x.gguf", "llama", shape, [("token_embd.weight", (1024, 1000), 1)])
        self.assertEqual(hold({"one.gguf": header})[0]["layers"], 2)
        self.assertIn("but 2 GGUF files: name one of them, such as one.gguf", hold({"one.gguf": header, "two.gguf": header})[1])
        model, told = hold({"config.json": config, "model.safetensors": pointer})
        self.assertEqual(model["counted"]["parameters"], LLAMA["parameters"])
        self.assertIn("model.safetensors: warning[SPD-305]: this is a pointer of Git LFS", told)
        self.assertIn("one.gguf: error[SPD-101]: this is a pointer of Git LFS", hold({"one.gguf": pointer})[1])
        self.assertIn("this is no GGUF file", hold({"one.gguf": "GGML" + "x" * 2000000})[1])

    def test_layers_of_experts_need_experts_and_a_whole_number_of_them(self):
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        path = Path(self.folder.name) / "experts.json"
        for more, words in (({"layer_types": ["moe"] * 32}, "'num_experts_per_tok' is missing"),
                            ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 1.5}, "'num_experts_per_tok' must be a whole number, not 1.5")):
            path.write_text(json.dumps(config | more), encoding="utf-8")
            model, told = show(path)
            self.assertIsNone(model)
            self.assertIn(words, told)
            self.assertNotIn("nan", told)

    def test_large_files_of_no_known_kind_are_refused_at_once(self):
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig"))
        path = Path(self.folder.name) / "large.json"
        for more, words in (({"model_type": "novel"} | {f"rope_{i}": 1 for i in range(45000)}, "and it has over 1000 fields"),
                            ({"model_type": "novel", "rope_" + "k" * 900000: 1}, "is not known of 'novel'"),
                            ({"model_type": "nemotron_h", "hybrid_override_pattern": "M*" * 450000}, "lists 900000 layers, but there are 32"),
                            ({"model_type": "nemotron_h", "hybrid_override_pattern": "M*" * 450000 + "Q"}, "a layer of kind 'Q'")):
            path.write_text(json.dumps(config | more), encoding="utf-8")
            begin = time.monotonic()
            model, told = show(path)
            self.assertLess(time.monotonic() - begin, 3)  # generous, for sanitizers: 50 ms without
            self.assertIsNone(model)
            self.assertIn(words, told)

    def test_layers_that_differ_count_each_as_it_is(self):
        """Sums over layers of lists: heads, keys and values, widths, and blocks that are not there."""
        head, h, vocab = 64, 512, 1000
        heads, kv, widths = [4, 8, 8], [2, 4, 1], [512, 1024, 1536]
        attention = sum(h * head * (2 * q + 2 * k) for q, k in zip(heads, kv))
        path = Path(self.folder.name) / "differ.json"
        config = {"model_type": "llama", "hidden_size": h, "num_hidden_layers": 3, "vocab_size": vocab, "head_dim": head, "num_attention_heads": heads,
                  "num_key_value_heads": kv, "intermediate_size": widths, "tie_word_embeddings": True}
        path.write_text(json.dumps(config), encoding="utf-8")
        model, told = show(path)
        self.assertAlmostEqual(model["counted"]["parameters"], vocab * h + attention + 3 * h * sum(widths) + 7 * h, delta=8, msg=told)
        self.assertEqual(model["counted"]["cache_bytes"], sum(kv) * head * 2 * 2)
        answer = json.loads(run("estimate", "--model", str(path), "--hardware", "dgx-h100", "--serve", "4x128x16", "--json").stdout)
        self.assertEqual(answer["layout"]["accelerators"], 1)
        blocks = [{"attention": {"n_heads_in_group": 4, "no_op": False}, "ffn": {"ffn_mult": 2.0}},
                  {"attention": {"n_heads_in_group": None, "no_op": True}, "ffn": {"ffn_mult": 1.0}},
                  {"attention": {"n_heads_in_group": 2, "no_op": False}, "ffn": {"ffn_mult": None, "no_op": True}}]
        config |= {"model_type": "nemotron-nas", "num_attention_heads": 8, "num_key_value_heads": None, "intermediate_size": None, "block_configs": blocks}
        path.write_text(json.dumps(config), encoding="utf-8")
        model, told = show(path)
        kv = [2, 4]
        attention = sum(h * head * (2 * 8 + 2 * k) for k in kv)
        self.assertAlmostEqual(model["counted"]["parameters"], vocab * h + attention + 3 * h * (768 + 512) + 7 * h, delta=8, msg=told)
        self.assertEqual(model["counted"]["cache_bytes"], sum(kv) * head * 2 * 2)
        self.assertEqual(model["attention"]["absent_layers"], 1)

    def test_what_files_leave_out_and_spell_anew_counts_as_published(self):
        """Files as small as their classes' defaults allow, and layers as later versions of the class call them."""
        m2m = {"vocab_size": 256206, "d_model": 1024, "encoder_layers": 12, "decoder_layers": 12, "encoder_ffn_dim": 4096, "decoder_ffn_dim": 4096}
        lfm2 = {"hidden_size": 2048, "num_hidden_layers": 16, "block_ff_dim": 12288, "full_attn_idxs": [2, 5, 8, 10, 12, 14], "vocab_size": 65536}
        arctic = {"hidden_size": 7168, "intermediate_size": 4864, "num_hidden_layers": 35, "num_attention_heads": 56, "num_key_value_heads": 8,
                  "num_local_experts": 128, "moe_layer_frequency": 1}
        for kind, config, billion in (("minimax_m2", {}, 229), ("longcat_flash", {"num_layers": 28, "num_hidden_layers": 56}, 560), ("qwen3_next", {}, 80),
                                      ("qwen3_5_moe", {}, 35.1), ("m2m_100", m2m, 0.615), ("lfm2", lfm2, 1.17), ("arctic", arctic, 480), ("electra", {
                                          "embedding_size": 768, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}, 0.109)):
            path = Path(self.folder.name) / "small.json"
            path.write_text(json.dumps({"model_type": kind} | config), encoding="utf-8")
            with self.subTest(kind):
                model, told = show(path)
                self.assertIsNotNone(model, told)
                self.assertAlmostEqual(model["counted"]["parameters"] / (1e9 * billion), 1, delta=0.01)
        words = {"mamba": "linear_attention", "attention": "full_attention", "M": "linear_attention", "E": "moe", "*": "full_attention", "-": "mlp"}
        for name, old, later in (("pub__granite-4.0-h-small", "layer_types", "layer_types"),
                                 ("aic__nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4", "hybrid_override_pattern", "layers_block_type")):
            config = json.loads((HERE / "files" / f"{name}.json").read_text(encoding="utf-8"))
            config[later] = [words[word] for word in config.pop(old)]
            path.write_text(json.dumps(config), encoding="utf-8")
            with self.subTest(name):
                model, told = show(path)
                self.assertIsNotNone(model, told)
                self.assertEqual(model["counted"], show(HERE / "files" / f"{name}.json")[0]["counted"])

    def test_names_of_elsewhere_find_the_entry_of_the_catalog(self):
        for name, id in (("Qwen/Qwen3-8B", "qwen3-8b"), ("Meta-Llama-3-8B-Instruct", "llama-3-8b"), ("llama-3.1-8b", "llama-3-1-8b"),
                         ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b"), ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "nemotron-3-nano"), ("facebook/opt-13b", "opt-13b"), ("facebook/opt-1.3b", "opt-1-3b")):
            told = run("estimate", "--model", name, "--hardware", "dgx-h100", "--serve", "1x2x3").stderr
            self.assertIn(f"did you mean '{id}'?", told)
            self.assertIn("neither a model of the catalog nor a file", told)
        for name in ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "org/DeepSeek-R1-Distill-Qwen-1.5B"):
            self.assertNotIn("did you mean", run("estimate", "--model", name, "--hardware", "dgx-h100", "--serve", "1x2x3").stderr)

    def test_an_unknown_type_is_read_as_the_nearest_family_or_refused_by_its_field(self):
        config = json.loads((HERE / "min/bom.json").read_text(encoding="utf-8-sig")) | {"model_type": "novel"}
        for more, words in (({}, None), ({"novel_widths": [1, 2]}, "'novel_widths' is not known of 'novel'"), ({"novel_blocks": 3}, "'novel_blocks'")):
            path = Path(self.folder.name) / "novel.json"
            path.write_text(json.dumps(config | more), encoding="utf-8")
            model, told = show(path)
            if words:
                self.assertIsNone(model)
                self.assertIn(words, told)
                self.assertIn("families: {mine: {base: llama, types: [novel]", told)
                self.assertIn("qwen3-moe", told)
            else:
                self.assertEqual(model["counted"]["parameters"], LLAMA["parameters"])
                self.assertIn("warning[SPD-307]: 'model_type' is 'novel', of which no family is known: read as 'llama'", told)
                self.assertIn("read as 'llama'", model["notes"])

    def test_the_built_in_families_are_read_without_an_error(self):
        """Over another catalog, their words are checked; in the library they no longer are."""
        for path in sorted((ROOT / "data/families").glob("*.yaml")):
            text = path.read_text(encoding="utf-8").replace(f"  {path.stem}:\n", f"  {path.stem}:\n    replaces: true\n", 1)
            copy = Path(self.folder.name) / path.name
            copy.write_text(text, encoding="utf-8")
            done = run("catalog", "show", "families", path.stem, "--catalog", str(copy))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("source", done.stdout)
        types = [line for path in (ROOT / "data/families").glob("*.yaml") for line in path.read_text(encoding="utf-8").split("\n") if "types:" in line]
        names = [name.strip() for line in types for name in line.split("[")[1].rstrip("]").split(",")]
        self.assertEqual(len(names), len(set(names)))

    def test_a_new_family_is_an_entry(self):
        folder = Path(self.folder.name)
        (folder / "family.yaml").write_text(
            "families: {mine: {base: qwen3, types: [mine], fields: {layers: depth_of_it}, has: {kv_heads: 2}, defaults: {vocab: 1000}}}", encoding="utf-8")
        (folder / "mine.json").write_text('{"model_type": "mine", "depth_of_it": 3, "hidden_size": 512, "num_attention_heads": 4, '
                                          '"intermediate_size": 1024}', encoding="utf-8")
        done = run("catalog", "show", "--model", str(folder / "mine.json"), "--catalog", str(folder / "family.yaml"), "--json")
        model = json.loads(done.stdout)
        self.assertEqual([model[key] for key in ("layers", "kv_heads", "vocab", "head_dim")], [3, 2, 1000, 128])
        self.assertIn("vocab_size 1000", done.stderr)
        for wrong, words in (("fields: {layer: x}", "did you mean 'layers'?"), ("words: {x: ful}", "did you mean 'full'?"), ("others: none-such", "none-such")):
            (folder / "family.yaml").write_text("families: {mine: {base: qwen3, %s}}" % wrong, encoding="utf-8")
            self.assertIn(words, run("catalog", "list", "--catalog", str(folder / "family.yaml")).stderr)

    def setUp(self):
        import tempfile
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)


unittest.main(argv=sys.argv[:1])
