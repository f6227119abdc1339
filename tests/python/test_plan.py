"""Spaces of plans: searched, read, merged, stopped."""
import pytest
import speedup

TRAINING = {"plan": {"model": "llama-2-7b", "systems": ["dgx-h100"], "accelerators": [8, 16], "prices": "2 USD/h", "confidence": 0.5,
                     "tokens": "100 B", "objective": "cost", "front": ["cost", "run_expected_seconds"]}}
SERVICE = """\
plan:
  model: llama-2-70b
  systems: [dgx-h100]
  prompt: 1024
  output: 256
  concurrency: [1, 16]
  targets: {time_per_output_token: 40 ms}
  objective: throughput
"""


def test_the_best_plan_is_the_least_of_all():
    space = speedup.Space(TRAINING)
    result = space.search(threads=2)
    counts = result.counts
    assert counts["size"] == counts["searched"] == len(space)
    costs = []
    for index in range(len(space)):
        try:
            plan = space[index]
        except speedup.SpeedupError:
            continue
        if plan.estimate.fits:
            costs.append(plan.estimate["cost"])
    assert len(costs) == counts["feasible"]
    assert [plan.estimate["cost"] for plan in result.best] == sorted(costs)[:10]
    assert result.best[0].layout["accelerators"] in (8, 16)
    assert result.best[0] == space[result.best[0].index]
    front = [plan.estimate["cost"] for plan in result.front]
    assert front == sorted(front) and front[0] == costs[costs.index(min(costs))]


def test_ranges_merge_to_the_whole():
    space = speedup.Space(SERVICE)
    whole, cut = space.search(), len(space) // 3
    parts = space.search(end=cut).merge(space.search(begin=cut, threads=3))
    assert parts.counts == whole.counts
    assert [plan.index for plan in parts.best] == [plan.index for plan in whole.best]
    assert parts.report() == whole.report()


def test_a_service_is_reported_with_what_was_taken():
    report = speedup.Space(SERVICE).search().report("json")
    best = report["best"][0]
    assert best["time_per_output_token"] <= 0.04 and best["tokens_per_second_per_accelerator"] > 0
    assert "stack" in [row["key"] for row in report["assumed"]]
    assert "per token" in speedup.Space(SERVICE).search().report()


def test_a_plan_that_cannot_be_has_its_reason():
    space = speedup.Space(TRAINING, settings={"plan.tensor": [3], "plan.top": 1})
    with pytest.raises(speedup.SpeedupError) as caught:
        space[0]
    assert caught.value.name == "DOES_NOT_DIVIDE"
    assert space.search().best == []
    with pytest.raises(IndexError):
        space[len(space)]


def test_progress_is_told_and_may_stop():
    space = speedup.Space({"plan": {"model": "llama-2-70b"}})
    told = []
    result = space.search(progress=lambda done, total: told.append((done, total)))
    assert told and told[0][1] == len(space) and not result.cancelled
    stopped = space.search(progress=lambda done, total: True)
    assert stopped.cancelled and stopped.counts["searched"] < len(space)

    def fail(done, total):
        raise KeyError("mine")
    with pytest.raises(speedup.SpeedupError) as caught:
        space.search(progress=fail)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_result_outlives_its_space():
    space = speedup.Space(SERVICE)
    result = space.search()
    space.close()
    assert result.best and result.report()
    with pytest.raises(ValueError):
        len(space)


def test_problems_come_with_their_places(refused):
    error = refused(speedup.Space, "plan: {model: llama-2-7, prompt: 10, sequence: 9}")
    assert error.name == "INCONSISTENT" and len(error.diagnostics) == 2


def test_one_call_answers_a_plan(refused):
    assert speedup.answer(SERVICE)["plans"]["feasible"] > 0
    wide = {"plan": {"model": "gpt-3-175b", "accelerators": list(range(1, 4000)), "micro_batch": list(range(1, 4000))}}
    assert refused(speedup.answer, wide).name == "TOO_COMPLEX"


def test_a_search_tells_its_gap_and_what_binds():
    space = speedup.Space(TRAINING)
    result = space.search()
    assert result.gap == 0
    report = result.report("json", why_threads=2)
    assert report["why"] and all(row["reason"] for row in report["why"])
    assert {row["resource"] for row in report["worth"]} >= {"memory", "products", "bandwidth"}


def test_what_binds_the_best_plan_has_its_worth():
    space = speedup.Space(TRAINING)
    result = space.search()
    worths = result.worth(threads=2)
    assert {"memory", "accelerators", "network"} <= {row.resource for row in worths}
    assert all(row.gain >= 0 and row.more > 0 for row in worths)
    with pytest.raises(speedup.SpeedupError):
        space.search(0, 1).worth()


def test_a_plan_is_a_scenario():
    space = speedup.Space(TRAINING)
    best = space.search().best[0]
    scenario = space.scenario(best.index)
    assert scenario.estimate() == best.estimate and scenario.attribution()
    assert space.bound() <= best.estimate["cost"]


def test_a_space_without_a_possible_plan_has_the_nearest(refused):
    space = speedup.Space(TRAINING, settings=["plan.deadline=1 h"])
    result = space.search()
    near = result.near("deadline")
    assert not result.best and near.factor > 1 and 0 <= near.index < len(space) and result.near().factor > 1
    assert speedup.Space(TRAINING).search().near() is None
    assert "did you mean 'deadline'" in str(refused(result.near, "dedline"))
