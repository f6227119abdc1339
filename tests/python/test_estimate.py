"""Catalogs, scenarios, estimates and reports."""
import math
import threading

import pytest
import speedup


def test_the_main_example_is_estimated(example):
    estimate = speedup.Scenario(example).estimate()
    assert estimate.fits and estimate["status"] == 0
    assert estimate["accelerator_hours"] == pytest.approx(1022362, rel=0.15)  # published
    low, high = estimate.interval("step_seconds", 0.9)
    assert low < estimate["step_seconds"] < high
    assert estimate.interval("step_seconds", 0.5).low > low
    assert list(estimate) == [word.name for word in speedup.metrics()] == list(estimate.intervals())


def test_a_report_in_json_has_the_bits_of_the_estimate(example):
    scenario = speedup.Scenario(example)
    estimate, answer = scenario.estimate(), scenario.report("json")
    for part in (answer["answer"], answer["run"]):
        for name, said in part.items():
            if isinstance(said, dict):
                assert (said["value"], said["low"], said["high"]) == (
                    estimate[name], *estimate.interval(name, answer["answer"]["confidence"])), name
    for term in answer["time"]:
        assert term["seconds"] == estimate[term["metric"]]


def test_a_report_in_text_is_for_people(example):
    scenario = speedup.Scenario(example)
    assert scenario.report().startswith("LLaMA 65B on 2048 x")
    assert "memory.scores" in scenario.composition()
    assert isinstance(scenario.composition("json"), dict)
    with pytest.raises(ValueError, match="'text' or 'json'"):
        scenario.report("xml")


def test_answer_is_the_report_in_json(example):
    assert speedup.answer(example.read_text()) == speedup.Scenario(example).report("json")


def test_text_bytes_file_and_mapping_are_one_scenario(job, tmp_path):
    (tmp_path / "jöb.yaml").write_text(job)
    train = {"model": "llama-7b", "system": "dgx-a100-80gb", "accelerators": 8, "sequence": 2048,
             "global_batch": 64, "tokens": 1e12, "price": "2.50 USD/h",
             "optimizations": ["bf16-mixed-precision", "flash-attention-2", "zero-3"]}
    wanted = dict(speedup.Scenario(job).estimate())
    for source in (job.encode(), tmp_path / "jöb.yaml", {"train": train}):
        assert dict(speedup.Scenario(source).estimate()) == wanted
    assert speedup.answer({"train": train}) == speedup.answer(job)


def test_settings_go_over_the_source(job):
    wanted = dict(speedup.Scenario(job.replace("global_batch: 64", "global_batch: 32")).estimate())
    for settings in ({"train.global_batch": 32}, ["train.global_batch=32"], "train.global_batch=32",
                     {"train.global_batch": "32"}):
        assert dict(speedup.Scenario(job, settings=settings).estimate()) == wanted
    assert speedup.Scenario(job, settings={"train.layout": {"tensor": 2}}).report("json")["layout"]["tensor"] == 2


def test_a_catalog_lists_what_is_built_in():
    catalog = speedup.Catalog()
    assert {"accelerators", "models", "optimizations"} <= set(catalog.kinds())
    assert "llama-65b" in catalog.ids("models")
    assert catalog.names("models")["llama-65b"] == "LLaMA 65B"
    assert catalog.number("accelerators", "a100-sxm-80gb", "peak.bf16") == 312e12
    assert "LLaMA 65B" in catalog.show("models", "llama-65b")
    assert isinstance(catalog.show("models", "llama-65b", "json"), dict)
    assert "llama-65b" in catalog.show("models") and "models" in catalog.show()


def test_a_catalog_grows_by_making_another(job, tmp_path):
    catalog = speedup.Catalog()
    text = "models:\n  own:\n    base: llama-7b\n    layers: 16\n    parameters: 3.5 B\n"
    (tmp_path / "own.yaml").write_text(text)
    row = {"base": "llama-7b", "layers": 16, "parameters": 3.5e9}
    for source in (text, tmp_path / "own.yaml", {"models": {"own": row}}):
        grown = catalog.extend(source)
        assert grown.number("models", "own", "layers") == 16
        smaller = speedup.Scenario(job, grown, {"train.model": "own"}).estimate()
        assert 0 < smaller["step_seconds"] < speedup.Scenario(job).estimate()["step_seconds"]
    assert "own" not in catalog.ids("models")


def test_the_library_lists_its_words():
    assert {"step_seconds", "memory_peak"} <= {word.name for word in speedup.metrics()}
    assert "data" in {word.name for word in speedup.variables()}
    assert "memory.weights" in {word.name for word in speedup.targets()}
    assert "multiply" in {word.name for word in speedup.rules()}
    assert "bf16" in {word.name for word in speedup.precisions()}
    assert speedup.statuses()[107] == "UNKNOWN_KEY"
    assert "micro_batch" in speedup.format_reference()
    assert speedup.version().split(".")[:2] == speedup.__version__.split(".")[:2]


def test_claims_documents_are_audited(root):
    document = root / "examples" / "speedup-analysis-v1900.yaml"
    assert speedup.audit(document, format="json") == speedup.answer(document.read_text())
    assert "contradicts" in speedup.audit(document.read_text())


def test_a_scenario_serves_many_threads(example):
    scenario = speedup.Scenario(example)
    wanted, wrong = dict(scenario.estimate()), []

    def work():
        for _ in range(50):
            if dict(scenario.estimate()) != wanted:
                wrong.append("estimate")
        if speedup.Scenario(example).report("json") != scenario.report("json"):
            wrong.append("report")
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_example_of_the_package_runs(python):
    lines = [line[4:] for line in speedup.__doc__.splitlines() if line.startswith("    ")]
    assert "LLaMA 65B on 2048 x" in python("\n".join(lines))


def test_gains_are_attributed_to_optimizations(job):
    scenario = speedup.Scenario(job)
    made = scenario.attribution()
    assert [row.id for row in made] == list(scenario.optimizations)
    without = speedup.Scenario(job, settings=["train.optimizations=[]"]).estimate()["step_seconds"]
    assert math.log(without / scenario.estimate()["step_seconds"]) == pytest.approx(sum(row.shapley for row in made))
    first = made[0]
    assert first.id == "bf16-mixed-precision" and first.term in scenario.estimate() and "instead of" in first.reason


def test_a_job_without_optimizations_has_nothing_to_attribute(job):
    assert speedup.Scenario(job, settings=["train.optimizations=[]"]).attribution() == []


def test_what_would_help_next_comes_with_its_gain(job):
    scenario = speedup.Scenario(job)
    made = scenario.next()
    assert made[0].waterfall >= made[-1].waterfall and not {row.id for row in made} & set(scenario.optimizations)
    better = speedup.Scenario(job.replace("zero-3]", f"zero-3, {made[0].id}]"))
    assert scenario.estimate()["step_seconds"] / better.estimate()["step_seconds"] == pytest.approx(made[0].waterfall)
