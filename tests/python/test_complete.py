"""The package uses every public function of the library, or there is a reason why it need not."""
import json
import re
import threading

import speedup
from speedup import _library

# What Python has in place of a function.
NOT_NEEDED = {
    "speedup_catalog_ref": "Python counts who holds an object, and the library's one reference is that object's",
    "speedup_scenario_ref": "as speedup_catalog_ref",
    "speedup_space_ref": "as speedup_catalog_ref",
    "speedup_context_set_log": "every diagnostic is in the error that is raised, in warnings or in a verdict",
    "speedup_version_number": "version() is the same as a text",
    "speedup_version_check": "functions are looked up by name, so that an older library serves all that it has",
}
PLAN = {"plan": {"model": "llama-2-7b", "systems": ["dgx-h100"], "accelerators": [16], "tokens": "1 T", "deadline": "300 d",
                 "tensor": [1, 2], "pipeline": [1], "optimizations": ["bf16-mixed-precision", "flash-attention-2", "zero-1"]}}
CLAIMS = "claims: {say: {claims: [{resource: throughput, factor: 2, source: a page}], shares: {throughput: 1}}}"
CONFIG = {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 128, "num_attention_heads": 4, "intermediate_size": 256,
          "vocab_size": 1000, "max_position_embeddings": 2048}


class Recorder:
    """The library, and which of its functions were called."""

    def __init__(self, library):
        self.library, self.called = library, set()

    def __getattr__(self, name):
        function = getattr(self.library, name)

        def call(*arguments):
            self.called.add(name)
            return function(*arguments)
        return call


def ask_for_everything(job, folder):
    """Every class and function of the package."""
    def file(name, text):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path
    speedup.version(), speedup.format_reference(), speedup.statuses()
    for words in (speedup.metrics, speedup.variables, speedup.targets, speedup.rules, speedup.precisions):
        assert words()

    own = (speedup.Optimization("own", source="a note", applies_to="training").effect("memory.logits", "1/share")
           .effect("memory.weights", lambda view: 1 / view.data).parameter("share", 2, 1, 4).require("data > 0")
           .exclude("zero-3").supersede("zero-2").claim("memory.weights", 2))
    chip = speedup.Entry("accelerators", "chip", peak={"bf16": "400 TFLOP/s"}, memory=64e9, bandwidth="2 TB/s", power=500)
    node = speedup.Entry("systems", "node", accelerator="chip", accelerators_per_node=8)
    speedup.Entry("models", "list", tags=["a", 1])
    catalog = speedup.Catalog().register(own).add(chip).add(node).extend("models: {mine: {base: llama-7b}}")
    catalog = catalog.extend(file("catalog.yaml", "models: {other: {base: llama-7b}}"))
    catalog = catalog.import_model(CONFIG, "imported").import_model(file("config.json", json.dumps(CONFIG)), "read")
    catalog.names("models"), catalog.number("models", "mine", "layers"), catalog.show("models", "read")

    scenario = speedup.Scenario(file("job.yaml", job), catalog)
    scenario = speedup.Scenario(job, catalog, {"train.optimizations": ["bf16-mixed-precision", {"own": {"share": 4}}]})
    scenario.estimate().interval("step_seconds")
    scenario.batch({"micro_batch": [1, 2]})
    scenario.model, scenario.price_per_hour, scenario.variables, scenario.optimizations
    scenario.report(), scenario.composition(), scenario.attribution(), speedup.Scenario(job).next(), scenario.largest("micro_batch")
    found = speedup.Scenario(job, settings=["train.accelerators=1", "train.global_batch=1", "train.optimizations=[bf16-mixed-precision]"]).remedies()
    assert found.means and found.lacking and found.sets
    found.scenario(0), found.report(largest="micro_batch")
    described = speedup.Job("train", model="llama-7b", system="dgx-h100", accelerators=8, sequence=2048, global_batch=64)
    described.add("bf16-mixed-precision").apply("train.micro_batch=2").scenario()

    builder = speedup.SpaceBuilder(file("plan.yaml", json.dumps(PLAN)))
    builder.set("tensor", [1, 2]).set("model", "llama-7b").set("accelerators", 16).add("optimizations", "own").apply("plan.pipeline=[1]")
    builder.space(catalog), speedup.SpaceBuilder(model="llama-7b")
    space = speedup.Space(folder / "plan.yaml")
    space = speedup.Space(PLAN)
    assert len(space)
    result = space.result(space.search(end=1).to_bytes()).merge(space.search(1))
    result.best, result.front, result.counts, result.gap, result.near(), result.worth(), result.report(), result.report(why_threads=1)
    space.bound(), space.scenario(0)

    speedup.admit(job).report(), speedup.admit(folder / "job.yaml"), speedup.answer(job), speedup.compose([("memory", 2)])
    for call in (lambda: speedup.Scenario("train: {}"), lambda: speedup.compose([("memory", 0)]), lambda: speedup.audit(CLAIMS), lambda: speedup.audit(file("claims.yaml", CLAIMS))):
        try:
            call()
        except speedup.SpeedupError as error:
            assert error.remedy


def test_everything_public_says_what_it_is():
    for name in speedup.__all__:
        made = getattr(speedup, name)
        own = [value for key, value in vars(made).items() if not key.startswith("_") and (callable(value) or isinstance(value, (property, staticmethod)))
               ] if isinstance(made, type) else []
        for value in (made, *own):
            assert value.__doc__ and not value.__doc__.startswith(f"{name}("), (name, value)


def test_every_public_function_is_used(root, job, tmp_path, monkeypatch):
    declared = set()
    for header in sorted((root / "include" / "speedup").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", " ", header.read_text(encoding="utf-8"), flags=re.S)
        declared |= set(re.findall(r"^SPEEDUP_API [^;()]*?\b(speedup_\w+)\(", text, re.M))
    recorder, failed = Recorder(_library.lib), []

    def ask():  # on a thread of its own, whose context is made and ended too
        try:
            ask_for_everything(job, tmp_path)
        except BaseException as error:
            failed.append(error)

    with monkeypatch.context() as patched:
        patched.setattr(_library, "lib", recorder)
        patched.setattr(speedup, "lib", recorder)
        speedup._builtin.cache_clear()
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    speedup._builtin.cache_clear()
    if failed:
        raise failed[0]
    assert len(declared) > 100
    assert declared - recorder.called == set(NOT_NEEDED), "use it in the package, or say in NOT_NEEDED why not"
