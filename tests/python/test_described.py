"""Entries and spaces described by calls are those written."""
from pathlib import Path

import pytest
import speedup

CHIP = {"name": "Our chip: a", "peak": {"bf16": "400 TFLOP/s"}, "memory": "64 GB", "bandwidth": "2 TB/s", "power": 500,
        "compute_capability": 9, "calibration": {"matmul_efficiency": 0.7}}
NODE = {"accelerator": "ours", "accelerators_per_node": 8, "network": "200 GB/s"}
STACK = {"always": ["flash-attention-2", {"activation-offload": {"share": 0.5}}]}
PLAN = {"model": "llama-2-7b", "systems": ["dgx-a100-80gb"], "accelerators": [8, 16], "tensor": [1, 2], "tokens": "1 B",
        "sequence": 2048, "global_batch": 64, "uneven": True, "without": ["kernel-fusion"],
        "choices": [["bf16-mixed-precision"], ["none", "zero-1", ["zero-3", {"activation-offload": {"share": 0.5}}]]]}


def entries():
    made = speedup.Catalog()
    for kind, keys in ("accelerators", CHIP), ("systems", NODE), ("stacks", STACK):
        made = made.add(speedup.Entry(kind, "ours", **keys))
    return made


def test_described_entries_are_those_written(job):
    settings = {"train.system": "ours", "train.stack": "ours"}
    written = speedup.Catalog().extend({"accelerators": {"ours": {**CHIP, "power": "500 W"}}, "systems": {"ours": NODE},
                                        "stacks": {"ours": STACK}})
    made = entries()
    wanted = dict(speedup.Scenario(job, written, settings).estimate())
    assert dict(speedup.Scenario(job, made, settings).estimate()) == wanted
    assert made.names("accelerators")["ours"] == "Our chip: a"


def test_a_described_space_is_the_one_written():
    made, written = speedup.SpaceBuilder(**PLAN), speedup.Space({"plan": PLAN})
    assert made.space().search().report("json") == written.search().report("json")
    assert len(made.set("tensor", [1]).space()) == len(written) // 2
    assert len(made.set("tensor", 4).add("tensor", 1).space()) == len(written) // 2
    made.set("choices", []).apply("plan.optimizations=[bf16-mixed-precision]")
    assert len(made.set("tensor", [1, 2]).space()) == len(written) // 3


def test_values_are_put_over_a_file(root):
    path = Path(root) / "examples" / "plan-llama-70b-serving.yaml"
    made = speedup.SpaceBuilder(path, systems=["dgx-h100"]).set("prompt.deviation", 10)
    assert 0 < len(made.space()) <= len(speedup.Space(path))


def test_all_that_is_wrong_is_told_at_once(refused):
    error = refused(speedup.Catalog().add, speedup.Entry("models", "ours", layrs=3, hidden=0.5, ffn_kind="wide"))
    told = [str(one) for one in error.diagnostics]
    assert any("models.ours.layrs" in one and "did you mean 'layers'" in one for one in told)
    assert any("models.ours.hidden" in one for one in told) and any("models.ours.ffn_kind" in one for one in told)
    error = refused(speedup.SpaceBuilder(modle="llama-2-7b", tensor=1.5).space)
    assert any("did you mean 'model'" in str(one) for one in error.diagnostics)
    assert refused(speedup.Entry, "optimizations", "ours").name == "UNKNOWN_CHOICE"
    assert refused(speedup.Entry("models", "ours").set("layers", 1).set, "layers.x", 1).name == "UNKNOWN_KEY"
    with pytest.raises(TypeError):
        speedup.Space(speedup.SpaceBuilder(**PLAN), settings=["plan.top=2"])
    with pytest.raises(ValueError):
        speedup.Entry("models", "ours", name="a\0b")


def test_what_was_made_outlives_its_description(job):
    entry = speedup.Entry("models", "ours", base="llama-7b")
    catalog = speedup.Catalog().add(entry)
    entry.close()
    builder = speedup.SpaceBuilder(model="ours", accelerators=8)
    space = builder.space(catalog)
    builder.close()
    assert len(space) and speedup.Scenario(job, catalog, {"train.model": "ours"}).estimate().fits in (True, False)
    assert repr(entry) == "<speedup.Entry models.ours>" and repr(builder) == "<speedup.SpaceBuilder>"
    with pytest.raises(ValueError):
        builder.set("top", 1)
