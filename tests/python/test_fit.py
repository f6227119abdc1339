"""What makes a job fit, and how large it can be."""
import pytest
import speedup

JOB = {"train": {"model": "llama-2-7b", "system": "dgx-a100-40gb", "accelerators": 1, "sequence": 2048, "global_batch": 8, "micro_batch": 4,
                 "stack": "pytorch", "optimizations": ["bf16-mixed-precision", "flash-attention-2"]}}


def test_sets_of_means_make_the_job_fit():
    found = speedup.Scenario(JOB).remedies()
    assert found.lacking > 0 and not found.without.fits and found.sets
    for index, remedy in enumerate(found.sets):
        mended = found.scenario(index)
        estimate = mended.estimate()
        assert remedy.fits and remedy.lacking == 0 and remedy.status is None
        assert estimate["step_seconds"] == remedy.step_seconds and estimate["memory_peak"] == remedy.memory_peak
        assert estimate["out_of_memory"] <= 0.1 and set(remedy.optimizations) <= set(mended.optimizations)
        assert mended.remedies().lacking == 0 and not mended.remedies().sets
    assert [remedy.alters_training for remedy in found.sets] == sorted(remedy.alters_training for remedy in found.sets)


def test_each_means_says_whether_it_applies():
    means = {remedy.optimizations[:1]: remedy for remedy in speedup.Scenario(JOB).remedies().means}
    assert means[("flash-attention-2",)].status == "EXISTS"
    assert means[("lora",)].status is None and means[("lora",)].alters_training
    assert means[("pure-bf16",)].replaced == ("bf16-mixed-precision",)
    assert means[()].micro_batch < 4


def test_the_largest_number_of_a_key():
    job = speedup.Scenario(JOB, settings={"train.optimizations": ["bf16-mixed-precision", "flash-attention-2", {"qlora": {"share": 0.01}}]})
    value, limit = job.largest("micro_batch")
    assert limit == "memory" and value >= 1 and job.largest("train.micro_batch") == (value, limit)
    assert job.largest("micro_batch", confidence=0.999).value <= value
    assert speedup.Scenario(JOB).largest("sequence") == (None, None)
    with pytest.raises(speedup.SpeedupError, match="did you mean 'micro_batch'"):
        job.largest("micro_bach")
    with pytest.raises(speedup.SpeedupError, match="over 0 and below 1"):
        job.remedies(confidence=2)


def test_a_report_has_what_was_asked_for():
    found = speedup.Scenario(JOB).remedies()
    answer = found.report("json", largest=["sequence", "global_batch"])
    assert [row["key"] for row in answer["largest"]] == ["sequence", "global_batch"]
    assert answer["lacking"] == found.lacking and len(answer["remedies"]) == len(found.sets)
    assert answer["remedies"] == speedup.Scenario(JOB).report("json")["remedies"]
    assert "What makes it fit" in found.report()
