"""Optimizations built from Python."""
import re

import pytest
import speedup

YAML = """\
optimizations:
  own:
    name: Our own
    source: measured here
    applies_to: [training]
    excludes: [zero-2]
    supersedes: [zero-3]
    requires: {data: "> 1"}
    parameters: {depth: {value: 2, least: 1, most: 8, text: how far}}
    effects:
      memory.weights: 1/data
      matmul.efficiency: 1 + 0.125*min(depth, 4)/sqrt(hidden)
      comm.data.overlap: 0.3
    claims:
      throughput: {factor: 1.25, source: a table}
"""


def built(weights="1/data", efficiency="1 + 0.125*min(depth, 4)/sqrt(hidden)", overlap=0.3):
    return (speedup.Optimization("own", "Our own", source="measured here", applies_to="training")
            .exclude("zero-2").supersede("zero-3").require("data > 1")
            .parameter("depth", 2, 1, 8, "how far")
            .effect("memory.weights", weights).effect("matmul.efficiency", efficiency)
            .effect("comm.data.overlap", overlap).claim("throughput", 1.25, "a table"))


def estimate(job, catalog):
    settings = {"train.optimizations": ["bf16-mixed-precision", "zero-3", "own"]}
    scenario = speedup.Scenario(job, catalog, settings)
    many = scenario.batch({"micro_batch": [1, 2, 4, 8]})
    return dict(scenario.estimate()), {name: list(column) for name, column in many.items()}


def test_a_built_one_has_the_bits_of_the_row(job):
    catalog = speedup.Catalog()
    by_row, by_builder = catalog.extend(YAML), catalog.register(built())
    assert estimate(job, by_builder) == estimate(job, by_row)
    assert by_builder.show("optimizations", "own", "json") == by_row.show("optimizations", "own", "json")


def meant(name, job="training"):
    """The id that a refusal offers for a name, of jobs of a kind."""
    train = (f"train: {{model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 2048, global_batch: 8, optimizations: [{name}]}}")
    serve = (f"generate: {{model: llama-2-7b, system: dgx-h100, accelerators: 8, prompt: 128, output: 128, batch: 8, optimizations: [{name}]}}")
    with pytest.raises(speedup.SpeedupError) as told:
        speedup.Scenario(train if job == "training" else serve)
    offered = re.search("did you mean '([^']*)'", str(told.value))
    return offered and offered[1]


def test_names_that_people_use_lead_to_one_id():
    catalog = speedup.Catalog()
    shown = {entry["id"]: catalog.show("optimizations", entry["id"], "json") for entry in catalog.show("optimizations", format="json")["optimizations"]}
    assert sum(len(row["also"] or []) for row in shown.values()) > 200
    for job in ("training", "inference"):
        leads = {}
        for id, row in shown.items():
            for name in (row["also"] or []) if row[job] else []:
                # A name may lead to one of training and to another of inference, and is itself none.
                assert name not in shown and name not in leads, (name, id)
                leads[name] = id
        for name, id in leads.items():
            for spelled in (name, name.replace("-", "_"), name.upper()):
                assert meant(spelled, job) == id, (job, spelled)


# As they stand in Transformers' arguments, DeepSpeed's and torchtune's configurations, and files of axolotl, Unsloth and LLaMA-Factory.
SPELLED = {
    "lora": ["LoRA", "use_lora", "use_peft", "LoraConfig", "rslora"],
    "qlora": ["QLoRA", "load_in_4bit", "bnb_4bit_quant_type", "use_qlora", "bnb-4bit"],
    "int8-base": ["load_in_8bit", "bnb_8bit", "LLM.int8", "lora_8bit"],
    "int4-base": ["auto_gptq", "gptq_lora", "awq_lora", "GPTQ-int4"],
    "pure-bf16": ["pure_bf16", "bf16-true", "full_bf16", "bf16_full"],
    "sgd": ["SGD", "torch.optim.SGD", "stochastic gradient descent", "plain_sgd"],
    "adam-8bit": ["adamw_8bit", "adamw_bnb_8bit", "adam8bit", "AdamW8bit", "bitsandbytes.optim.AdamW8bit"],
    "paged-adam": ["paged_adamw_32bit", "paged_adamw", "PagedAdamW", "bitsandbytes.optim.PagedAdamW"],
    "paged-adam-8bit": ["paged_adamw_8bit", "PagedAdamW8bit", "bitsandbytes.optim.PagedAdamW8bit"],
    "adafactor": ["Adafactor", "ada_factor", "transformers.Adafactor", "adafactor_optimizer"],
    "lion": ["Lion", "lion_32bit", "lion-pytorch", "lion_optimizer"],
    "muon": ["Muon", "muon_optimizer", "newton_schulz", "SingleDeviceMuon"],
    "galore": ["GaLore", "galore_adamw", "galore_adamw_8bit", "galore_adamw_layerwise"],
    "optimizer-in-backward": ["optimizer_in_bwd", "LOMO", "adalomo", "fused_backward"],
    "fused-loss": ["use_liger_kernel", "enable_liger_kernel", "liger_fused_linear_cross_entropy", "cut_cross_entropy", "CEWithChunkedOutputLoss"],
    "zero-offload": ["cpu_offload", "offload_optimizer", "DeepSpeedCPUAdam", "optimizer_cpu_offload"],
    "parameter-offload": ["offload_param", "fsdp_cpu_offload", "fsdp_offload_params", "zero3_offload"],
    "activation-offload": ["enable_activation_offloading", "offload_activations", "cpu_checkpointing", "activation_offloading"],
    "activation-checkpointing": ["gradient_checkpointing", "enable_activation_checkpointing", "use_gradient_checkpointing", "recompute"],
    "sdpa": ["SDPA", "scaled_dot_product_attention", "sdp_attention", "attn_implementation_sdpa"],
    "unfused-attention": ["eager", "eager_attention", "attn_implementation_eager", "math_attention"],
    "dpo": ["DPO", "DPOTrainer", "direct_preference_optimization", "rl_dpo"],
    "orpo": ["ORPO", "ORPOTrainer", "simpo", "CPOTrainer"],
    "reward-model": ["RewardTrainer", "reward_modeling", "reward_model", "rm"],
    "distillation": ["GKDTrainer", "knowledge_distillation", "kd_loss", "teacher-student"],
}


@pytest.mark.parametrize("id", SPELLED)
def test_a_word_is_found_as_people_spell_it(id):
    assert len(SPELLED[id]) >= 3
    for name in SPELLED[id]:
        assert meant(f'"{name}"') == id, name


def test_a_name_that_means_two_is_taken_for_the_kind_of_job():
    assert meant("load_in_8bit") == "int8-base"
    assert meant("load_in_8bit", "inference") == "int8-weights"
    assert meant("auto_gptq") == "int4-base"
    assert meant("auto_gptq", "inference") == "gptq"


def test_names_of_a_base_and_of_ones_own():
    catalog = speedup.Catalog().extend("optimizations:\n  mine: {base: lora, also: [our-adapters], source: here}\n")
    assert catalog.show("optimizations", "mine", "json")["also"] == ["our-adapters"]
    catalog = speedup.Catalog().extend("optimizations:\n  a-lora: {base: lora, source: here}\n  lora: {base: lora, replaces: true, source: here}\n")
    assert catalog.show("optimizations", "a-lora", "json")["also"] is None
    assert "peft" in catalog.show("optimizations", "lora", "json")["also"]
    with pytest.raises(speedup.SpeedupError, match="'Not So' is not a name"):
        catalog.extend("optimizations:\n  other: {also: [Not So], source: here}\n")


def test_a_function_has_the_bits_of_the_row(job):
    catalog = speedup.Catalog()
    # The parameter stays at its default, which a function cannot read.
    own = built(lambda view: 1 / view.data, lambda view: 1 + 0.125 * min(2, 4) / view.hidden ** 0.5, lambda view: 0.3)
    assert estimate(job, catalog.register(own)) == estimate(job, catalog.extend(YAML))


def test_a_function_sees_every_variable_of_its_layout(job):
    seen = {}

    def effect(view):
        seen.update((name, getattr(view, name)) for name in dir(view))
        with pytest.raises(AttributeError):
            view.depth
        return 1
    speedup.Scenario(job, speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", effect)),
                     {"train.optimizations": ["own"]}).estimate()
    assert set(seen) == {word.name for word in speedup.variables()}
    assert (seen["data"], seen["hidden"], seen["memory"]) == (8, 4096, 80 * 2**30)


def test_a_view_ends_with_its_call(job):
    kept = []
    own = speedup.Optimization("own").effect("memory.weights", lambda view: kept.append(view) or 1)
    speedup.Scenario(job, speedup.Catalog().register(own), {"train.optimizations": ["own"]})
    with pytest.raises(ValueError, match="during the call"):
        kept[0].data


def one(function):
    return speedup.Catalog().register(speedup.Optimization("own").effect("memory.weights", function))


ONLY_OWN = {"train.optimizations": ["own"]}


def test_an_exception_in_a_function_comes_out(job, refused):
    error = refused(speedup.Scenario, job, one(lambda view: 1 / 0), ONLY_OWN)
    assert error.name == "CALLBACK" and isinstance(error.__cause__, ZeroDivisionError)

    calm = [True]
    scenario = speedup.Scenario(job, one(lambda view: 1 if calm[0] else {}["gone"]), ONLY_OWN)
    calm[0] = False
    for call in (scenario.estimate, scenario.report, lambda: scenario.batch({"micro_batch": [1, 2]})):
        error = refused(call)
        assert error.name == "CALLBACK" and isinstance(error.__cause__, KeyError)
    calm[0] = True
    assert scenario.estimate().fits in (True, False)


def test_an_interrupt_in_a_function_comes_out_as_it_is(job):
    def interrupt(view):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        speedup.Scenario(job, one(interrupt), ONLY_OWN)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "word"])
def test_an_unusable_value_of_a_function_is_told(job, refused, value):
    assert refused(speedup.Scenario, job, one(lambda view: value), ONLY_OWN).name == "CALLBACK"


def test_a_function_may_use_the_library(job, refused):
    inner = speedup.Scenario(job)

    def effect(view):
        assert refused(speedup.Scenario, "train: {}").diagnostics
        return 1 if inner.estimate().fits in (True, False) else 0
    assert dict(speedup.Scenario(job, one(effect), ONLY_OWN).estimate()) == \
        dict(speedup.Scenario(job, one(1), ONLY_OWN).estimate())


def test_wrong_ones_are_refused(refused):
    catalog = speedup.Catalog()
    assert refused(speedup.Optimization, "No Name").name == "BAD_NAME"
    assert refused(speedup.Optimization, "own", applies_to="sleeping").name == "UNKNOWN_CHOICE"
    assert refused(speedup.Optimization("own").parameter, "depth", 9, 1, 8).name == "OUT_OF_RANGE"
    assert refused(speedup.Optimization("own").claim, "throughput", -1).name == "OUT_OF_RANGE"
    error = refused(catalog.register, speedup.Optimization("own").effect("memory.weight", 1)
                    .effect("memory.gradients", "1/dat").effect("memory.logits", "1 +"))
    assert {d.name for d in error.diagnostics} == {"UNKNOWN_TARGET", "UNKNOWN_NAME", "EXPRESSION"}
    assert refused(catalog.register, speedup.Optimization("zero-3").effect("memory.weights", 1)).name == "EXISTS"
    assert refused(catalog.register, speedup.Optimization("own").effect("memory.weigths", lambda v: 1)).name \
        == "UNKNOWN_TARGET"
    assert "own" not in catalog.ids("optimizations")
