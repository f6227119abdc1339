"""Catalogs, scenarios, spaces and estimates as values: printed, compared, pickled, sent to other processes; and names that are not there."""
import copy
import json
import multiprocessing
import pickle

import pytest
import speedup

OWN = "models: {own: {base: llama-7b, layers: 16, parameters: 3.5e9}}"
PLAN = {"plan": {"model": "llama-2-7b", "systems": ["dgx-h100"], "accelerators": [8, 16], "tokens": "100 B", "prices": "2 USD/h"}}
CONFIG = {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 128, "num_attention_heads": 4, "intermediate_size": 256,
          "vocab_size": 1000, "max_position_embeddings": 2048}
SERVE = "serve: {model: %s, system: dgx-h100, stack: vllm, accelerators: 1, prompt: 512, output: 128, concurrency: 8}"


@pytest.fixture
def made(job, tmp_path):
    """One of each, made anew at each call."""
    (tmp_path / "job.yaml").write_text(job, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")

    def call():
        catalog = speedup.Catalog().extend(OWN)
        return [speedup.Catalog(), catalog, catalog.import_model(CONFIG, "tiny"), speedup.Catalog().extend(tmp_path / "own.yaml"),
                speedup.Scenario(job), speedup.Scenario(job, catalog, {"train.model": "own"}), speedup.Scenario(job, settings=["train.micro_batch=2"]),
                speedup.Scenario(tmp_path / "job.yaml"), speedup.Space(PLAN), speedup.Scenario(job).estimate(), speedup.Space(PLAN).search().best[0],
                speedup.admit(job)]
    return call


def test_what_is_made_of_the_same_texts_is_equal(made):
    one, other = made(), made()
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            assert (a == b) == (i == j) and (a != b) == (i != j)
    scenarios = [value for value in one + other if isinstance(value, (speedup.Catalog, speedup.Scenario, speedup.Space))]
    assert len(set(scenarios)) == len(scenarios) / 2


def test_they_are_pickled_and_copied(made):
    for value in made():
        for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert again == value and repr(again) == repr(value)
            if isinstance(value, speedup.Scenario):
                assert again.estimate() == value.estimate() and again.to_dict() == value.to_dict()
            if isinstance(value, speedup.Space):
                assert again.search().best == value.search().best


def test_what_has_no_text_is_equal_to_itself_alone_and_says_why_it_is_not_pickled(job, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    described = speedup.Job("train", model="llama-7b", system="dgx-h100", accelerators=8, sequence=2048, global_batch=64)
    registered = speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", "1"))
    space = speedup.Space(PLAN)
    for make, what in ((described.scenario, "a Scenario of a Job"), (lambda: space.scenario(space.search().best[0].index), "a Scenario of a Space"),
                       (lambda: speedup.SpaceBuilder(**PLAN["plan"]).space(), "a Space of a SpaceBuilder"),
                       (lambda: speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", "1")), "Optimization 'own'"),
                       (lambda: speedup.Catalog().import_model(str(tmp_path), "mine"), "the model of"),
                       (lambda: speedup.Catalog().add(speedup.Entry("stacks", "mine")), "Entry stacks.mine")):
        value = make()
        assert value == value and value != make() and hash(value)
        for way in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match=what):
                way(value)
    assert speedup.Scenario(job, registered) == speedup.Scenario(job, registered) != speedup.Scenario(job)
    with pytest.raises(TypeError, match="anew"):
        pickle.dumps(described)
    result = pickle.loads(pickle.dumps(space.search()))
    assert result.to_bytes() == space.search().to_bytes() and result.best == space.search().best


def test_a_model_beside_the_file_is_not_left_behind_silently(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (tmp_path / "job.yaml").write_text(SERVE % "config.json", encoding="utf-8")
    scenario = speedup.Scenario(str(tmp_path / "job.yaml"))
    with pytest.raises(TypeError, match="import_model"):
        pickle.dumps(scenario)
    scenario = speedup.Scenario(SERVE % "tiny", speedup.Catalog().import_model(CONFIG, "tiny"))
    assert pickle.loads(pickle.dumps(scenario)).estimate() == scenario.estimate()


def test_closing_a_copy_leaves_the_others(made):
    for value in made()[:9]:
        pickled = pickle.dumps(value)
        pickle.loads(pickled).close()
        assert value.close() is None and "closed" not in repr(pickle.loads(pickled))


def test_a_closed_one_is_not_pickled(made):
    for value in made()[:9]:
        value.close()
        with pytest.raises(ValueError, match="closed"):
            pickle.dumps(value)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_process_pools_estimate_scenarios(job, start):
    catalog = speedup.Catalog().extend(OWN)
    scenarios = [speedup.Scenario(job, catalog, {"train.model": "own", "train.micro_batch": n}) for n in (1, 2, 4, 8)]
    with multiprocessing.get_context(start).Pool(2) as pool:
        assert pool.map(speedup.Scenario.estimate, scenarios) == [scenario.estimate() for scenario in scenarios]
        with pytest.raises(speedup.SpeedupError, match="did you mean"):
            pool.apply(speedup.Scenario, ["train: {modle: x}"])


def test_they_print_what_they_are(job, example):
    assert repr(speedup.Scenario(job)) == "<speedup.Scenario: llama-7b on 8 x a100-sxm-80gb (dgx-a100-80gb)>"
    assert repr(speedup.Scenario(SERVE % "llama-7b")).endswith(" with vllm>")
    estimate = speedup.Scenario(example).estimate()
    assert repr(estimate).startswith("<speedup.Estimate: step_seconds 5.") and repr(estimate).endswith(" B, fits>")
    assert "memory_peak" in str(estimate) and "kWh" in str(estimate) and "time_bubble" not in str(estimate)
    assert " of " in repr(speedup.Space(PLAN).search())
    columns = speedup.Scenario(job).batch({"tensor": 3})
    assert "DOES_NOT_DIVIDE" in repr(speedup.Estimate([column[0] for column in columns.values()]))


def test_they_are_dicts_for_json(job):
    scenario, result = speedup.Scenario(job), speedup.Space(PLAN).search()
    told = json.loads(json.dumps([scenario.to_dict(), scenario.estimate().to_dict(), result.to_dict()]))
    assert told[0]["model"] == "llama-7b" and told[0]["variables"]["accelerators"] == 8 and "zero-3" in told[0]["optimizations"]
    assert told[1] == scenario.estimate()
    assert told[2]["best"][0]["estimate"] == result.best[0].estimate and told[2]["counts"] == result.counts
    assert speedup.Catalog().extend(OWN).to_dict()["models"]["own"]["layers"] == 16


def test_a_name_of_a_file_is_the_file(job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.yaml").write_text(job, encoding="utf-8")
    (tmp_path / "a job: [1]").write_text(job, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN), encoding="utf-8")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    for name in ("job.yaml", "a job: [1]", str(tmp_path / "job.yaml")):
        assert speedup.Scenario(name).estimate() == speedup.Scenario(job).estimate()
    assert "own" in speedup.Catalog().extend("own.yaml").ids("models") and len(speedup.Space("plan.yaml")) == len(speedup.Space(PLAN))
    for source in ("config.json", ".", json.dumps(CONFIG).encode()):
        assert speedup.Catalog().import_model(source, "tiny").number("models", "tiny", "layers") == 2
    with pytest.raises(speedup.SpeedupError, match="none.yaml"):
        speedup.Scenario("none.yaml")


def test_unknown_names_are_told_with_the_nearest(job):
    scenario = speedup.Scenario(job)
    estimate, plan = scenario.estimate(), speedup.Space(PLAN).search().best[0]
    for call, name in ((lambda: estimate["step_second"], "step_seconds"), (lambda: estimate.interval("step_second"), "step_seconds"),
                       (lambda: scenario.variables["tensr"], "tensor"), (lambda: plan.layout["tensr"], "tensor")):
        with pytest.raises(KeyError, match=f"did you mean '{name}'"):
            call()
    for call, name in ((lambda: scenario.estimat, "estimate"), (lambda: estimate.fit, "fits"), (lambda: speedup.Catalog().id, "ids")):
        with pytest.raises(AttributeError, match=f"did you mean '{name}'"):
            call()
    with pytest.raises(AttributeError, match=r"estimate\['step_seconds'\]"):
        estimate.step_seconds
    assert "step_second" not in estimate and estimate.get("step_second") is None and not hasattr(scenario, "_repr_html_")


def test_an_unknown_variable_of_an_effect_is_told_with_the_nearest(job):
    catalog = speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", lambda view: view.dat))
    with pytest.raises(speedup.SpeedupError) as caught:
        speedup.Scenario(job, catalog, {"train.optimizations": ["own"]}).estimate()
    assert "did you mean 'data'" in str(caught.value.__cause__)
