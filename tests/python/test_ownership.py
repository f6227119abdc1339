"""Nothing leaks, and nothing is used after its end."""
import ctypes
import gc
import threading
import weakref

import pytest
import speedup


def test_what_was_made_outlives_its_makers(job):
    catalog = speedup.Catalog().extend("models: {own: {base: llama-7b, layers: 16, parameters: 3.5e9}}")
    scenario = speedup.Scenario(job, catalog, {"train.model": "own"})
    wanted = dict(scenario.estimate())
    catalog.close()
    scenario.catalog = None
    del catalog
    gc.collect()
    assert dict(scenario.estimate()) == wanted


def test_functions_live_as_long_as_what_calls_them(job):
    def effect(view):
        return 1 / view.data
    alive = weakref.ref(effect)
    own = speedup.Optimization("own").effect("memory.weights", effect)
    catalog = speedup.Catalog().register(own).extend("models: {own: {base: llama-7b}}")
    own.close()
    del own, effect
    gc.collect()
    scenario = speedup.Scenario(job, catalog, {"train.optimizations": ["own"]})
    catalog.close()
    scenario.catalog = None
    del catalog
    gc.collect()
    assert alive() and scenario.estimate()["memory_weights"] > 0
    del scenario
    gc.collect()
    assert alive() is None


def test_a_function_that_holds_its_scenario_is_collected(job):
    def make():
        held = []

        def effect(view):
            return len(held)
        catalog = speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", effect))
        scenario = speedup.Scenario(job, catalog, {"train.optimizations": ["own"]})
        held.append(scenario)
        scenario.estimate()
        return weakref.ref(scenario)
    gone = make()
    gc.collect()
    assert gone() is None


def test_a_closed_object_says_so(job):
    with speedup.Catalog() as catalog, speedup.Scenario(job, catalog) as scenario:
        assert "models" in repr(catalog) and scenario.estimate()
    for call in (scenario.estimate, scenario.report, lambda: scenario.batch({"tensor": [1]}),
                 lambda: catalog.ids("models"), lambda: speedup.Scenario(job, catalog)):
        with pytest.raises(ValueError, match="closed"):
            call()
    assert "closed" in repr(scenario) and "closed" in repr(catalog)
    scenario.close()
    assert speedup.Scenario(job).estimate()  # the built-in catalog is everybody's


def test_closing_waits_for_calls_that_run(job):
    scenario, started, ended = None, threading.Event(), []

    def effect(view):
        if started.is_set() is False and scenario is not None:
            started.set()
            while scenario._held is not None:
                pass
        return 1
    catalog = speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", effect))
    scenario = speedup.Scenario(job, catalog, {"train.optimizations": ["own"]})
    thread = threading.Thread(target=lambda: ended.append(scenario.estimate()))
    thread.start()
    assert started.wait(20)
    scenario.close()
    catalog.close()
    gc.collect()
    thread.join()
    assert ended[0]["status"] == 0


def test_a_long_chain_of_catalogs_ends():
    catalog = speedup.Catalog()
    for i in range(1000):
        replaces = "true" if i >= 7 else "false"
        catalog = catalog.extend(f"models: {{m{i % 7}: {{base: llama-7b, replaces: {replaces}}}}}")
    catalog.close()


def in_use():
    """Bytes that malloc has handed out."""
    class Info(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in
                    "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        pytest.skip("the C library does not count")
    libc.mallinfo2.restype = Info
    info = libc.mallinfo2()
    return info.uordblks + info.hblkhd


def everything(job):
    own = (speedup.Optimization("own").effect("memory.weights", lambda view: 1 / view.data)
           .effect("memory.logits", "0.5"))
    catalog = speedup.Catalog().register(own).extend("models: {own: {base: llama-7b}}")
    with speedup.Scenario(job, catalog, {"train.optimizations": ["own"], "train.model": "own"}) as scenario:
        scenario.estimate().intervals()
        scenario.batch({"micro_batch": [1, 2, 4]}, ["step_seconds"])
        scenario.report("json")
        scenario.composition()
    for wrong in (lambda: speedup.Scenario("train: {modle: x}", catalog), lambda: speedup.answer("train: {modle: x}"),
                  lambda: catalog.extend("models: {own: {base: own}}"),
                  lambda: catalog.register(speedup.Optimization("bad").effect("memory.weights", "1/"))):
        with pytest.raises(speedup.SpeedupError):
            wrong()
    speedup.compose([("a", 2)], {"a": 0.5})
    catalog.show("models", "own")


def test_nothing_leaks(job):
    def rounds(count):
        for _ in range(count):
            everything(job)
        gc.collect()
        return in_use()
    rounds(20)
    before = rounds(20)
    assert rounds(100) - before < 20_000  # an object of 200 bytes a round is more


def test_threads_leave_nothing_behind(job):
    def rounds(count):
        for _ in range(count):
            thread = threading.Thread(target=everything, args=(job,))
            thread.start()
            thread.join()
        gc.collect()
        return in_use()
    rounds(10)
    before = rounds(10)
    assert rounds(50) - before < 20_000  # a context a thread is more


def test_collection_at_any_moment_is_harmless(job):
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        everything(job)
    finally:
        gc.set_threshold(*before)
