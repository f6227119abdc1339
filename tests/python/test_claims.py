"""The algebra of claims."""
import pytest
import speedup

MEMORY = [("memory.optimizer", 8), ("memory.activations", 2), ("memory.weights", 4), ("memory.kv_cache", 1.5)]


def test_a_product_of_96_guarantees_its_least_factor():
    made = speedup.compose(MEMORY)
    assert made == speedup.Composition(nominal=96, guaranteed=1.5, effective=None, most=8)


def test_shares_give_the_effective_gain():
    made = speedup.compose(MEMORY, {"memory.optimizer": 0.5, "memory.activations": 0.25, "memory.weights": 0.25})
    assert made.effective == 1 / (0.5 / 8 + 0.25 / 2 + 0.25 / 4)


def test_a_claim_may_act_on_several_resources():
    made = speedup.compose([(("memory.weights", "memory.gradients"), 2), ("memory.weights", 3)])
    assert (made.nominal, made.guaranteed, made.most) == (6, 2, 6)


def test_wrong_claims_are_refused(refused):
    assert refused(speedup.compose, [("memory.weights", 0)]).name == "OUT_OF_RANGE"
    assert refused(speedup.compose, MEMORY, {"memory.weights": 2}).name == "OUT_OF_RANGE"
    with pytest.raises(ValueError):
        speedup.compose([("memory\0weights", 2)])
