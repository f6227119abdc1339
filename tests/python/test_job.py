"""Jobs described by calls are those written, to the bit."""
import pytest
import speedup

KEYS = {"model": "llama-7b", "system": "dgx-a100-80gb", "accelerators": 8, "sequence": 2048, "global_batch": 64,
        "tokens": "1 T", "price": "2.50 USD/h"}


def described(**more):
    return speedup.Job("train", **KEYS, optimizations=["bf16-mixed-precision", "flash-attention-2", "zero-3"], **more)


def test_a_described_job_is_the_one_written(job):
    assert dict(described().scenario().estimate()) == dict(speedup.Scenario(job).estimate())


def test_a_job_is_changed_and_used_again(job):
    made = described()
    for tensor in 1, 2, 4:
        again = made.set("layout.tensor", tensor).scenario().estimate()
        assert dict(again) == dict(speedup.Scenario(job, settings={"train.layout.tensor": tensor}).estimate())
    made.apply("train.layout={pipeline: 2}")
    assert made.scenario().variables["tensor"] == 1


def test_parameters_are_given_by_name(job):
    made = described().add("activation-offload", share=0.5)
    written = job.replace("zero-3]", "zero-3, activation-offload: {share: 0.5}]")
    assert dict(made.scenario().estimate()) == dict(speedup.Scenario(written).estimate())


def test_a_scenario_says_what_it_was_made_of():
    made = described(stack="megatron-core").scenario()
    assert (made.model, made.system, made.accelerator) == ("llama-7b", "dgx-a100-80gb", "a100-sxm-80gb")
    assert (made.stack, made.price, made.price_per_hour) == ("megatron-core", None, 2.5)
    assert made.optimizations == ("bf16-mixed-precision", "flash-attention-2", "zero-3")
    assert made.variables["data"] == 8


def test_lengths_are_given_as_in_a_document():
    keys = {**KEYS, "sequence": {"mean": 900, "deviation": 500, "longest": 2048}, "packing": "documents", "micro_batch": 4}
    written = speedup.Scenario({"train": keys}).estimate()
    assert dict(speedup.Job("train", **keys).scenario().estimate()) == dict(written)
    padded = speedup.Scenario({"train": keys}, settings={"train.packing": "padded"}).estimate()
    assert padded["tokens_per_second"] < written["tokens_per_second"]


def test_a_power_limit_costs_time_and_is_kept():
    rated, limited = described().scenario().estimate(), described(power_limit="300 W").scenario().estimate()
    assert limited["step_seconds"] > rated["step_seconds"]
    assert limited["power"] <= 300 < rated["power"] <= 400


def test_wrong_keys_and_values_are_told(refused):
    made = described()
    assert "did you mean 'micro_batch'" in str(refused(made.set, "microbatch", 2))
    assert refused(made.set, "micro_batch", 0).name == "OUT_OF_RANGE"
    assert refused(described(power_limit="401 W").scenario).name == "OUT_OF_RANGE"
    assert refused(made.set, "micro_batch", 1.5).name == "NOT_WHOLE"
    assert refused(made.set, "price", "2.50 EUR/h").name == "BAD_UNIT"
    assert refused(speedup.Job, "training").name == "UNKNOWN_CHOICE"
    assert refused(speedup.Job("serve").scenario).name == "MISSING_KEY"
    with pytest.raises(TypeError):
        speedup.Scenario(made, settings=["train.micro_batch=2"])


def test_a_rollout_is_described_by_calls():
    written = {**KEYS, "global_batch": 128, "rollout": {"prompt": 256, "output": {"mean": 512, "deviation": 100}, "samples": 4, "stack": "vllm",
                                                        "optimizations": ["fp8-kv-cache", {"prefix-cache": {"share": 0.25}}]}}
    del written["sequence"]
    made = speedup.Job("train", **{key: value for key, value in written.items() if key != "rollout"})
    for key, value in {"prompt": 256, "output.mean": 512, "output.deviation": 100, "samples": 4, "stack": "vllm"}.items():
        made.set(f"rollout.{key}", value)
    made.add("fp8-kv-cache", "rollout.optimizations").add("prefix-cache", "rollout.optimizations", share=0.25)
    estimate = made.scenario().estimate()
    assert dict(estimate) == dict(speedup.Scenario({"train": written}).estimate())
    assert 0 < estimate["time_rollout"] < estimate["step_seconds"]
    report = made.scenario().report("json")
    assert report["rollout"]["time_rollout"]["value"] == estimate["time_rollout"]
    assert report["rollout"]["peak_in"] in ("rollout", "update")


def test_a_rollout_needs_an_engine(refused):
    made = described(rollout={"prompt": 256, "output": 512, "stack": "pytorch"})
    assert "makes no completions" in str(refused(made.scenario))
    assert refused(described().set("rollout.prompt", 256).scenario).name == "MISSING_KEY"
