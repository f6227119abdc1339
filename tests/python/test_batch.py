"""Many layouts in columns."""
import math

import pytest
import speedup

numpy = pytest.importorskip("numpy")

LAYOUTS = [(t, p, m) for t in (1, 2, 4, 8) for p in (1, 2, 4) for m in (1, 2, 4)]


def bits(values):
    return numpy.asarray(values, dtype=float).tobytes()


def test_a_batch_has_the_bits_of_single_estimates(example):
    scenario, names = speedup.Scenario(example), [word.name for word in speedup.metrics()]
    tensor, pipeline, micro_batch = zip(*LAYOUTS)
    answers = scenario.batch({"tensor": tensor, "pipeline": pipeline, "micro_batch": micro_batch})
    assert list(answers) == names
    good = 0
    for i, (t, p, m) in enumerate(LAYOUTS):
        settings = {"train.layout": {"tensor": t, "pipeline": p}, "train.micro_batch": m}
        try:
            estimate = speedup.Scenario(example, settings=settings).estimate()
        except speedup.SpeedupError as error:
            assert answers["status"][i] == error.status
            assert not any(answers[name][i] for name in names if name != "status")
            continue
        good += 1
        assert bits([answers[name][i] for name in names]) == bits(list(estimate.values()))
    assert good > len(LAYOUTS) / 4


def test_columns_are_broadcast(example):
    scenario = speedup.Scenario(example)
    columns = {"tensor": numpy.array([[2], [4], [8]]), "micro_batch": numpy.array([1, 2])}
    grid = scenario.batch(columns, ["step_seconds"])
    assert grid["step_seconds"].shape == (3, 2)
    flat = scenario.batch({"tensor": [2, 2, 4, 4, 8, 8], "micro_batch": [1, 2] * 3}, "step_seconds")
    assert bits(grid["step_seconds"]) == bits(flat["step_seconds"])
    assert scenario.batch({"tensor": 8}, ["fits"])["fits"].shape == (1,)
    assert scenario.batch({}, ["step_seconds"])["step_seconds"][0] == scenario.estimate()["step_seconds"]
    assert scenario.batch({"tensor": []}, ["fits"])["fits"].shape == (0,)


def test_any_array_will_do_and_none_is_changed(example):
    scenario, wanted = speedup.Scenario(example), None
    whole = numpy.repeat(numpy.array([1.0, 2, 4, 8]), 2)
    read_only = numpy.array([1.0, 2, 4, 8])
    read_only.flags.writeable = False
    for column in (whole[::2], read_only, whole[::2].astype("i4"), whole[::2].astype(">f8"), [1, 2, 4, 8], range(1, 0)):
        before = list(column)
        made = scenario.batch({"tensor": column}, ["step_seconds", "status"])
        if before:
            wanted = wanted or bits(made["step_seconds"])
            assert bits(made["step_seconds"]) == wanted
        assert list(column) == before


def test_values_that_are_no_layout_have_a_status(example):
    made = speedup.Scenario(example).batch({"tensor": [math.nan, math.inf, -1, 0, 1e300, 8]})
    assert [bool(status) for status in made["status"]] == [True] * 5 + [False]
    assert numpy.isfinite(numpy.array(list(made.values()))).all()


def test_any_number_of_threads_gives_the_same_bits(example, refused):
    scenario = speedup.Scenario(example)
    columns = {"tensor": [2 ** (i % 4) for i in range(5000)], "micro_batch": [2 ** (i % 3) for i in range(5000)]}
    alone = scenario.batch(columns)
    for threads in (2, 3, 7):
        assert {name: bits(column) for name, column in scenario.batch(columns, threads=threads).items()} == \
            {name: bits(column) for name, column in alone.items()}
    for threads in (0, -1, 257):
        assert refused(scenario.batch, columns, threads=threads).name == "INVALID_ARGUMENT"


def test_an_exception_of_a_function_comes_out_of_a_batch_with_threads(job, refused):
    calm = [True]
    own = speedup.Optimization("own").effect("memory.weights", lambda view: 1 if calm[0] else {}["gone"])
    catalog = speedup.Catalog().register(own).register(speedup.Optimization("other").effect("memory.weights", 1))
    scenario = speedup.Scenario(job, catalog, {"train.optimizations": ["own"]})
    calm[0] = False
    error = refused(scenario.batch, {"micro_batch": [1] * 3000}, threads=2)
    assert error.name == "CALLBACK" and isinstance(error.__cause__, KeyError)


def test_wrong_columns_are_refused(example, refused):
    scenario = speedup.Scenario(example)
    error = refused(scenario.batch, {"tensr": [1]})
    assert error.name == "NOT_FOUND" and "did you mean 'tensor'" in str(error)
    assert refused(scenario.batch, {"hidden": [1]}).name == "NOT_FOUND"  # no variable of the layout
    assert "step_seconds" in str(refused(scenario.batch, {"tensor": [1]}, ["step_second"]))
    with pytest.raises(ValueError):
        scenario.batch({"tensor": [1, 2], "pipeline": [1, 2, 3]})
    with pytest.raises((TypeError, ValueError)):
        scenario.batch({"tensor": ["wide"]})


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
import speedup
from pathlib import Path
scenario = speedup.Scenario(Path("examples/llama-65b-training.yaml"))
made = scenario.batch({"tensor": [1, 2, 4, 8], "micro_batch": 4})
assert all(type(column) is list for column in made.values())
print(repr(made))
assert scenario.batch({"tensor": []}, ["fits"]) == {"fits": []}
assert scenario.batch({}, ["fits"]) == {"fits": [1.0]}
try:
    scenario.batch({"tensor": [1, 2], "pipeline": [1, 2, 3]})
except ValueError:
    pass
else:
    raise SystemExit("columns of different lengths were taken")
"""


def test_lists_serve_where_numpy_is_absent(example, python):
    made = eval(python(WITHOUT_NUMPY))
    wanted = speedup.Scenario(example).batch({"tensor": [1, 2, 4, 8], "micro_batch": 4})
    assert {name: bits(column) for name, column in made.items()} == \
        {name: bits(column) for name, column in wanted.items()}


def test_a_batch_and_scenarios_agree_on_what_is_possible():
    import random
    rng = random.Random(7)
    made = speedup.Job("train", model="mixtral-8x7b", system="dgx-h100", accelerators=16, sequence=2048, global_batch=64,
                       optimizations=["bf16-mixed-precision"])
    keys = ["layout.tensor", "layout.pipeline", "layout.context", "layout.expert", "layout.virtual_stages", "micro_batch"]
    layouts = [[rng.choice([1, 1, 1, 2, 2, 4, 3, 1.5, 0, 8]) for _ in keys] for _ in range(300)]
    columns = {key.split(".")[-1]: list(column) for key, column in zip(keys, zip(*layouts))}
    answers = made.scenario().batch(columns)
    for i, layout in enumerate(layouts):
        try:
            for key, value in zip(keys, layout):
                made.set(key, value)
            expected = dict(made.scenario().estimate())
        except speedup.SpeedupError:
            expected = None
        assert (answers["status"][i] == 0) == (expected is not None), layout
        if expected:
            assert all(answers[name][i] == value for name, value in expected.items()), layout
