"""Whether to admit a job: a verdict with figures, also of a job with errors."""
import json
import pickle

import pytest
import speedup

GENEROUS = {"accelerators": 8, "time_limit": 3e9, "budget": 1e9}


def test_a_job_within_its_request_is_admitted(job):
    verdict = speedup.admit(job, **GENEROUS)
    assert (verdict.verdict, verdict.reasons, verdict.diagnostics) == ("admit", (), ())
    assert verdict.memory_low < verdict.memory < verdict.memory_high and verdict.out_of_memory < 0.1
    assert verdict.request == speedup.Request(8, 0, 3e9, 1e9)


@pytest.mark.parametrize("reason, asked", [("memory", {"memory": 20e9}), ("time", {"time_limit": 3600}), ("budget", {"budget": 1}),
                                           ("accelerators", {"accelerators": 4})])
def test_each_limit_is_a_reason(job, reason, asked):
    verdict = speedup.admit(job, **{**GENEROUS, **asked})
    assert verdict.verdict == "refuse" and verdict.reasons == (reason,)
    assert verdict.admissible and speedup.admit(
        job, accelerators=verdict.nearest_accelerators, memory=verdict.nearest_memory, time_limit=verdict.nearest_time_limit * (1 + 1e-9),
        budget=verdict.nearest_budget * (1 + 1e-9)).verdict == "admit"
    assert speedup.admit(job, **{**GENEROUS, **asked}, warn_only=True).verdict == "warn"


def test_a_job_that_cannot_fit_has_the_change_that_mends_it(example):
    verdict = speedup.admit(example, confidence=0.99)
    assert not verdict.admissible and verdict.change in {word.name for word in speedup.variables()} and verdict.change_value > 0


def test_a_verdict_is_explained_and_travels(job):
    verdict = speedup.admit(job, accelerators=4, budget=1)
    again = pickle.loads(pickle.dumps(verdict))
    assert again == verdict and again.report() == verdict.report()
    explained = verdict.report("json")
    assert explained["verdict"] == "refuse" and explained["reasons"] == list(verdict.reasons)


def test_a_job_with_errors_is_refused_with_them(tmp_path):
    for source in ("train: {modle: x}", "", tmp_path / "none.yaml"):
        verdict = speedup.admit(source, **GENEROUS)
        assert (verdict.verdict, verdict.reasons) == ("refuse", ("input",)) and verdict.diagnostics
    assert "did you mean 'model'" in speedup.admit("train: {modle: x}").diagnostics[0].message


def test_a_wrong_policy_is_an_error(job, refused):
    assert refused(speedup.admit, job, confidence=1).name == "INVALID_ARGUMENT"
    assert refused(speedup.admit, job, budget=-1).name == "INVALID_ARGUMENT"


def test_a_file_may_have_its_model_beside_it(tmp_path):
    config = {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 128, "num_attention_heads": 4, "intermediate_size": 256,
              "vocab_size": 1000, "max_position_embeddings": 2048}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    text = "serve: {model: config.json, system: dgx-h100, stack: vllm, accelerators: 1, prompt: 512, output: 128, concurrency: 8}"
    (tmp_path / "job.yaml").write_text(text, encoding="utf-8")
    assert speedup.admit(tmp_path / "job.yaml").verdict == "admit"
    assert speedup.admit(text).reasons == ("input",)


def test_an_exception_of_an_effect_comes_out(job):
    catalog = speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", lambda view: 1 / 0))
    with pytest.raises(speedup.SpeedupError) as caught:
        speedup.admit(job.replace("zero-3", "zero-3, own"), catalog)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
