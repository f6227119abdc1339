"""Models from files, and who may read them."""
import json

import pytest

import speedup

CONFIG = {"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
          "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 131072, "tie_word_embeddings": False}
JOB = "serve: {model: %s, system: dgx-h100, stack: vllm, accelerators: 1, prompt: 512, output: 128, concurrency: 8}"


def test_a_model_comes_from_a_text_a_mapping_or_a_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    for source in (json.dumps(CONFIG), CONFIG, path, tmp_path):
        catalog = speedup.Catalog().import_model(source, "mine")
        assert catalog.number("models", "mine", "layers") == 32


def test_a_text_of_a_job_reads_no_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    with pytest.raises(speedup.SpeedupError, match="there is no model"):
        speedup.Scenario(JOB % path)
    with pytest.raises(speedup.SpeedupError, match="there is no model"):
        speedup.Space("plan: {model: %s, systems: [dgx-h100], prompt: 512, output: 128, concurrency: [8]}" % path)
    with pytest.raises(speedup.SpeedupError, match="there is no model"):
        speedup.answer(JOB % path)
    job = tmp_path / "job.yaml"
    job.write_text(JOB % "config.json", encoding="utf-8")
    assert speedup.Scenario(job).estimate()


def test_a_model_from_a_file_has_its_parameters_and_what_was_taken():
    catalog = speedup.Catalog().import_model(CONFIG, "mine")
    assert catalog.number("models", "mine", "parameters") == 8030261248
    assert not catalog.warnings
    catalog = speedup.Catalog().import_model({key: value for key, value in CONFIG.items() if key != "vocab_size"}, "mine")
    assert "vocab_size 32000" in catalog.warnings[0].message
    assert not speedup.Catalog().warnings
