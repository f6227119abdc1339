"""The command line that makes a job without a scenario file.

    python3 tests/report/test_command.py SPEEDUP ROOT
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SPEEDUP, ROOT = sys.argv[1], Path(sys.argv[2])
# The shape of Llama 3.1 8B, as its config.json has it.
CONFIG = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}


def run(*arguments, code=0):
    done = subprocess.run([SPEEDUP, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, not {code}\n{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def estimate(*arguments):
    return json.loads(run("estimate", *arguments, "--json"))


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = str(Path(folder.name) / "config.json")
        Path(self.config).write_text(json.dumps(CONFIG), encoding="utf-8")

    def test_a_catalog_model_is_served_on_the_fewest_accelerators_that_fit(self):
        answer = estimate("--model", "llama-3-1-70b", "--hardware", "dgx-h100", "--serve", "64x1024x1024")
        self.assertEqual(answer["layout"]["accelerators"], 4)
        self.assertTrue(answer["answer"]["fits"])
        self.assertLessEqual(answer["answer"]["load"], 1)
        half = estimate("--model", "llama-3-1-70b", "--hardware", "dgx-h100", "--serve", "64x1024x1024", "--accelerators", "2")
        self.assertGreater(half["answer"].get("load", 2), 1)

    def test_a_config_json_gives_what_its_catalog_entry_gives(self):
        load = ("--hardware", "dgx-h100", "--serve", "16x512x512", "--accelerators", "1")
        mine, known = estimate("--model", self.config, *load), estimate("--model", "llama-3-1-8b", *load)
        self.assertEqual(mine["answer"], known["answer"])

    def test_a_static_batch_and_a_training_step(self):
        answer = estimate("--model", "llama-7b", "--hardware", "dgx-h100", "--generate", "8x128x128")
        self.assertEqual(answer["answer"]["batch"], 8)
        answer = estimate("--model", "llama-7b", "--hardware", "dgx-h100", "--train", "64x2048")
        self.assertEqual(answer["kind"], "training")
        self.assertTrue(answer["answer"]["fits"])

    def test_a_layout_that_nobody_gave_is_said_to_be_assumed(self):
        load = ("estimate", "--model", "llama-3-8b", "--hardware", "dgx-h100", "--train", "512x4096")
        told = run(*load, "--accelerators", "7", code=1)
        self.assertIn("tensor and pipeline parallelism in powers of two, as no --set train.layout.tensor=N says", told)
        self.assertIn("data x micro_batch = 7 x 1 does not divide a global batch of 512 sequences", told)
        told = run(*load, "--set", "train.layout.tensor=3", code=1)
        self.assertIn("1 to 1024 accelerators in powers of two, as --accelerators does not say", told)
        self.assertNotIn("as no --set", told)
        told = run(*load, "--accelerators", "8", "--set", "train.layout.tensor=3", code=1)
        self.assertNotIn("tried", told)

    def test_what_is_meant_is_suggested(self):
        for line, said in (
            (["estimat"], "did you mean 'estimate'?"),
            (["estimate", "--modle", "x"], "did you mean '--model'?"),
            (["estimate", "--foo"], "'speedup estimate --help' lists"),
            (["--json"], "a command stands in front of '--json'"),
            (["estimate", "--train", "8x8", "--tokens", "1T"], "Write --set train.tokens=COUNT"),
            (["admit", "x.yaml", "--deadline", "3d"], "Write --time-limit TIME"),
        ):
            self.assertIn(said, run(*line, code=2))

    def test_help_is_of_the_command_alone(self):
        codes = run("estimate", "--help").split("exit codes:")[1]
        self.assertEqual([line.split()[0] for line in codes.strip().splitlines()], ["0", "1", "2"])
        self.assertIn("  4  refused", run("admit", "--help"))
        self.assertIn("  4  admit: refused", run("--help"))

    def test_hints_say_what_to_do_next(self):
        folder = Path(self.config).parent
        plan, job = str(folder / "plan.yaml"), str(folder / "job.yaml")
        Path(plan).write_text("plan: {model: llama-7b, systems: [dgx-h100], accelerators: [8]}\n", encoding="utf-8")
        Path(job).write_text("train: {model: llama-7b, system: dgx-h100, accelerators: 8, sequence: 2048, global_batch: 64}\n", encoding="utf-8")
        for line, code, hint in (
            (["plan", job], 1, "give this file to 'speedup estimate'"),
            (["estimate", plan], 1, "give this file to 'speedup plan'"),
            (["admit", plan], 4, "give this file to 'speedup plan'"),
            (["audit", job], 1, "give this file to 'speedup estimate'"),
            (["estimate", job, "--set", "layout.tensor=2"], 1, "write train.layout.tensor=2"),
            (["estimate", job, "--set", "accelerators=4"], 1, "write train.accelerators=4"),
            (["plan", plan, "--pareto", "mfu"], 1, "name a metric; 'speedup metrics' lists them"),
            (["plan", plan, "--systems", "dgx-h200", "--objective", "cost"], 1, "or --price '2.50 USD/h'"),
            (["estimate", "--model", "llama-3-8b", "--hardware", "8xh100", "--train", "512x4096"], 1,
             "name one of these for a plain machine of it"),
            (["estimate", "--model", "llama-3-8b", "--hardware", "h999", "--train", "512x4096"], 1, "'speedup catalog list systems'"),
        ):
            self.assertIn("hint: ", run(*line, code=code))
            self.assertIn(hint, run(*line, code=code))

    def test_an_accelerator_named_as_a_system_is_a_plain_machine(self):
        load = ("--model", "llama-3-2-1b", "--serve", "4x512x128")
        for name, count, system in (("rtx-4090", 1, "workstation-rtx-4090"), ("2x rtx-3090", 2, "workstation-rtx-3090-2"),
                                    ("rtx-3090", 2, "workstation-rtx-3090-2"), ("8 x RTX 4090", 8, "server-rtx-4090-8"),
                                    ("rtx-4090", 4, "server-rtx-4090-8")):
            layout = ("--accelerators", str(count), "--set", f"serve.layout.tensor={count}")
            plain, known = estimate(*load, *layout, "--hardware", name), estimate(*load, *layout, "--hardware", system)
            self.assertEqual(plain["answer"], known["answer"], name)
            self.assertIn("is no system", plain["system_note"])
            self.assertIsNone(known["system_note"])

    def test_a_plain_machine_is_found_as_people_write_it(self):
        load = ("--model", "llama-3-2-1b", "--generate", "1x512x128")
        first = estimate(*load, "--hardware", "rtx-4090")
        for name in ("rtx4090", "RTX 4090", "RTX_4090", "GeForce RTX 4090", "NVIDIA GeForce RTX 4090", "nvidia rtx 4090", "4090"):
            self.assertEqual(estimate(*load, "--hardware", name), first, name)
        self.assertNotEqual(estimate(*load, "--hardware", "NVIDIA GeForce RTX 4090 Laptop GPU"), first)
        for name, told in (("rtx-409", "did you mean 'rtx-4090'"), ("2x rtx 409", "did you mean 'rtx-4090'"), ("H100", "h100-pcie-80gb, h100-sxm-80gb"),
                           ("0x rtx-4090", "no system"), ("2x", "no system"), ("x", "no system"), ("9999999999x rtx-4090", "no system")):
            self.assertIn(told, run("estimate", *load, "--hardware", name, code=1))

    def test_a_count_in_the_name_is_the_number_of_accelerators(self):
        load = ("--model", "llama-3-2-1b", "--train", "64x1024")
        self.assertEqual(estimate(*load, "--hardware", "2x rtx-4090")["layout"]["accelerators"], 2)
        self.assertEqual(estimate(*load, "--hardware", "16x rtx-4090")["layout"]["accelerators"], 16)
        self.assertEqual(estimate(*load, "--hardware", "2x rtx-4090", "--accelerators", "4")["layout"]["accelerators"], 4)
        job = Path(self.config).parent / "job.yaml"
        job.write_text("serve: {model: llama-7b, system: 4x RTX 3090, concurrency: 4, prompt: 128, output: 128}\n", encoding="utf-8")
        self.assertEqual(estimate(str(job))["layout"]["accelerators"], 4)

    def test_what_is_a_machine_of_its_own_is_not_put_into_one(self):
        for name in ("m4-max", "rtx-4090-laptop", "jetson-orin-nano-8gb", "ryzen-ai-max-395", "epyc-9654"):
            answer = estimate("--model", "llama-3-2-1b", "--hardware", name, "--accelerators", "2", "--generate", "2x128x128")
            self.assertIn("machines with one", answer["system_note"])

    def test_a_variant_of_a_chip_stands_in_the_scenario(self):
        job = Path(self.config).parent / "job.yaml"
        text = ("accelerators: {mine: {base: h100-sxm-80gb, memory: %s GiB, bandwidth: %s GB/s, power: 500 W}}\n"
                "serve: {model: llama-3-1-8b, system: %s, accelerators: 1, concurrency: 16, prompt: 512, output: 512, stack: vllm}\n")
        answers = []
        for values in ((80, 3350, "mine"), (80, 3350, "h100-sxm-80gb"), (40, 3350, "mine"), (80, 6700, "mine")):
            job.write_text(text % values, encoding="utf-8")
            answers.append(estimate(str(job))["answer"])
        same, base, small, fast = answers
        self.assertEqual(same, base)  # measured coefficients are the base's
        self.assertLess(small["max_concurrency"], base["max_concurrency"])
        self.assertLess(fast["time_per_output_token"]["value"], 0.7 * base["time_per_output_token"]["value"])

    def test_plans_take_plain_machines(self):
        answer = json.loads(run("plan", "--model", "llama-3-2-1b", "--systems", "rtx-4090,2x rtx-3090", "--objective", "time", "--accelerators", "2",
                                "--price", "1 USD/h", "--json"))
        self.assertLessEqual({row["system"] for row in answer["best"]}, {"rtx-4090", "2x rtx-3090"})
        self.assertIn("plain machine", [row["value"] for row in answer["assumed"]])

    def test_options_reach_the_job(self):
        load = ("--model", "llama-3-1-8b", "--hardware", "dgx-h100", "--serve", "16x512x512", "--accelerators", "1")
        answer = estimate(*load, "--stack", "vllm", "--optimize", "fp8-weights,fp8-kv-cache", "--price", "2 USD/h")
        self.assertEqual([row["optimization"] for row in answer["waterfall"]], ["(baseline)", "fp8-weights", "fp8-kv-cache"])
        self.assertGreater(answer["per_million"][0]["cost"]["value"], 0)
        self.assertEqual(estimate(*load, "--set", "serve.prompt=100")["answer"]["fits"], True)

    def test_what_does_not_fit_says_what_would(self):
        answer = estimate("--model", "llama-3-1-70b", "--hardware", "dgx-h100", "--serve", "1x128x128", "--accelerators", "1")
        self.assertFalse(answer["answer"]["fits"])
        self.assertEqual(answer["changes"][0]["tensor"], 2)

    def test_a_job_that_does_not_fit_says_what_mends_it(self):
        load = ("--model", "llama-3-1-8b", "--hardware", "dgx-h100", "--train", "8x4096", "--stack", "pytorch")
        said = run("estimate", *load, "--accelerators", "1")
        self.assertIn("Does not fit one card: lacks ", said)
        self.assertIn("flash-attention-2 + ", said)
        self.assertNotIn("Nearest changes", said)
        done = subprocess.run([SPEEDUP, "fit", *load, "--json"], capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout)
        self.assertEqual((done.returncode, answer["fits"]), (3, False))
        self.assertIn(" 1 x ", answer["job"])
        self.assertEqual(answer["remedies"], estimate(*load, "--accelerators", "1")["remedies"])
        mends = answer["remedies"][0]
        fits = json.loads(run("fit", *load, "--json", "--optimize", ",".join(["bf16-mixed-precision", *mends["optimizations"]])))
        self.assertEqual((fits["fits"], fits["lacking"], fits["step_seconds"]), (True, 0, mends["step_seconds"]))
        self.assertIsNone(fits["remedies_note"])
        self.assertEqual(fits["remedies"], [])

    def test_how_large_a_job_can_be(self):
        load = ("--model", "llama-3-1-8b", "--hardware", "dgx-h100", "--train", "8x4096", "--stack", "pytorch", "--optimize",
                "bf16-mixed-precision,flash-attention-2,activation-checkpointing,lora")
        rows = json.loads(run("fit", *load, "--json", "--largest", "micro_batch", "--largest", "sequence", "--largest", "lora.share"))["largest"]
        self.assertEqual([row["key"] for row in rows], ["micro_batch", "sequence", "lora.share"])
        self.assertEqual(rows[0]["limit"], "memory")
        self.assertGreater(rows[0]["value"], 1)
        self.assertIn("did you mean 'sequence'?", run("fit", *load, "--largest", "sequenze", code=1))
        self.assertIn("--confidence", run("fit", *load, "--confidence", "1", code=2))
        self.assertIn("--train", run("fit", "--model", "llama-7b", code=2))
        self.assertIn("usage: speedup fit", run("fit", code=2))
        self.assertIn("takes no --serve", run("fit", "--serve", "1x2x3", code=2))
        hopeless = subprocess.run([SPEEDUP, "fit", "--model", "kimi-k2", "--hardware", "server-l40s-8", "--train", "8x4096"],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(hopeless.returncode, 4)
        self.assertIn("nothing that is usual", hopeless.stdout)

    def test_an_imported_model_is_shown_with_its_parameters(self):
        shown = json.loads(run("catalog", "show", "--model", self.config, "--json"))
        self.assertEqual(shown["parameters"], 8030261248)
        self.assertEqual(shown["parameters_active"], shown["counted"]["parameters_active"])

    def test_a_quantized_file_says_what_it_is_estimated_in(self):
        with tempfile.TemporaryDirectory() as folder:
            config = json.loads(Path(self.config).read_text(encoding="utf-8"))
            path = Path(folder) / "quantized.json"
            path.write_text(json.dumps(config | {"quantization_config": {"quant_method": "fp8"}}), encoding="utf-8")
            load = ("--model", str(path), "--hardware", "dgx-h100", "--serve", "1x128x128")
            self.assertIn("precision from the model's file (fp8): fp8-weights", estimate(*load)["note"])
            self.assertIsNone(estimate(*load, "--optimize", "fp8-weights")["note"])
            path.write_text(json.dumps(config | {"quantization_config": {"quant_method": "x: [y"}}), encoding="utf-8")
            self.assertIsNone(estimate(*load)["note"])

    def test_a_wrong_line_is_refused(self):
        job = ("--model", "llama-7b", "--hardware", "dgx-h100")
        run("estimate", code=2)
        run("estimate", *job, code=2)
        for ignored in (job, ("--price", "3"), ("--accelerators", "128")):
            self.assertIn("in the place of a scenario file", run("estimate", "job.yaml", *ignored, code=2))
        for limit in (("--time-limit", "3"), ("--time-limit", "3w"), ("--memory", "80"), ("--budget", "20 EUR")):
            self.assertIn(limit[0], run("admit", "job.yaml", *limit, code=2))
        for limit in (("--time-limit", "3 days"), ("--time-limit", "1.5d"), ("--memory", "80 GiB"), ("--budget", "20 kUSD")):
            self.assertIn("cannot be read", run("admit", "none.yaml", *limit, code=1))
        self.assertIn("--slack", run("admit", "--help"))
        self.assertNotIn("--deadline", run("admit", "--help"))
        self.assertIn("an option of plan", run("estimate", "job.yaml", "--deadline", "3d", code=2))
        self.assertIn("'admit' takes no --set", run("admit", "job.yaml", "--set", "train.price=1 USD/h", code=2))
        for number in ("x", "0", "2.5", ""):
            self.assertIn("--accelerators", run("estimate", *job, "--accelerators", number, "--serve", "1x2x3", code=2))
        run("estimate", *job, "--serve", "1x2x3", "--train", "1x2", code=2)
        for load in ("64", "64x1024", "64x1024x", "ax1x1", "1x1x1x1"):
            self.assertIn("CONCURRENCYxPROMPTxOUTPUT", run("estimate", *job, "--serve", load, code=2))

    def test_a_service_without_an_engine_is_told(self):
        path = Path(self.config).with_name("service.yaml")
        path.write_text("serve: {model: llama-7b, system: dgx-h100, accelerators: 1, prompt: 128, output: 128, concurrency: 4}", encoding="utf-8")
        self.assertIn("'stack'", estimate(str(path))["stack_note"])
        self.assertIsNone(estimate(str(path), "--set", "serve.stack=vllm")["stack_note"])

    def test_an_unknown_name_is_told(self):
        load = ("--serve", "1x128x128")
        self.assertIn("neither", run("estimate", "--model", "no-such", "--hardware", "dgx-h100", *load, code=1))
        self.assertIn("dgx-h10", run("estimate", "--model", "llama-7b", "--hardware", "dgx-h10", *load, code=1))
        self.assertIn("2048", run("estimate", "--model", "llama-7b", "--hardware", "dgx-h100", "--serve", "1x4096x1", code=1))
        self.assertIn("stack", run("estimate", "--model", "llama-7b", "--hardware", "dgx-h100", "--stack", "none-such", *load, code=1))

    def test_a_model_alone_is_planned(self):
        plan = self.plan("--model", "llama-2-70b", "--systems", "dgx-h100,dgx-a100-80gb", "--objective", "cost",
                         "--deadline", "30d", "--top", "2", "--threads", "2")
        self.assertEqual(len(plan["best"]), 2)
        self.assertLessEqual(plan["best"][0]["run_expected_seconds"], 30 * 86400)
        taken = {row["key"]: row["value"] for row in plan["assumed"]}
        self.assertNotIn("systems", taken)
        self.assertEqual((taken["sequence"], taken["tokens"]), ("4096", "1.38 T"))
        self.assertEqual(plan, self.plan("--model", "llama-2-70b", "--systems", "dgx-h100,dgx-a100-80gb", "--objective", "cost",
                                         "--deadline", "30 d", "--top", "2"))

    def test_a_batch_is_assumed_that_the_accelerators_divide(self):
        for accelerators, batch in ((64, 1024), (60, 960), (96, 768)):
            plan = self.plan("--model", "llama-2-70b", "--systems", "dgx-h100", "--accelerators", str(accelerators), "--top", "1")
            self.assertGreater(plan["plans"]["feasible"], 0)
            self.assertIn(("global_batch", str(batch)), [(row["key"], row["value"]) for row in plan["assumed"]])

    def test_a_config_json_is_planned_as_its_catalog_entry(self):
        service = ("--serve", "16x512x512", "--systems", "dgx-h100", "--top", "3")
        mine, known = self.plan("--model", self.config, *service), self.plan("--model", "llama-3-1-8b", *service)
        self.assertEqual(mine["best"], known["best"])
        rate = self.plan("--model", self.config, "--serve", "512x256", "--request-rate", "20 /s")
        self.assertTrue(all(row["requests_per_second"] > 0.99 * 20 for row in rate["best"]))

    def test_options_of_a_plan_reach_it(self):
        plan = self.plan("--model", "llama-2-7b", "--train", "512x2048", "--tokens", "1T", "--accelerators", "16", "--budget", "1M",
                         "--price", "2 USD/h", "--optimize", "bf16-mixed-precision,flash-attention-2,zero-3",
                         "--pareto", "cost,memory_peak")
        best = plan["best"][0]
        self.assertEqual((best["accelerators"], best["optimizations"]), (16, "bf16-mixed-precision flash-attention-2 zero-3"))
        self.assertGreater(best["cost"], 0)
        self.assertFalse({"sequence", "global_batch", "tokens", "accelerators", "prices", "optimizations", "choices"} &
                         {row["key"] for row in plan["assumed"]})
        file = str(ROOT / "examples" / "plan-llama-70b-serving.yaml")
        self.assertEqual(self.plan(file, "--systems", "dgx-h100", "--set", "plan.budget=30 USD/h")["best"][0]["system"], "dgx-h100")

    def test_options_and_settings_of_a_plan_hold_in_their_order(self):
        small = ("--model", "llama-2-7b", "--systems", "dgx-h100", "--accelerators", "8")
        self.assertEqual(len(self.plan(*small, "--top", "3", "--set", "plan.top=2")["best"]), 2)
        self.assertEqual(len(self.plan(*small, "--set", "plan.top=2", "--top", "3")["best"]), 3)

    def test_optimizations_have_parameters(self):
        chosen = "bf16-mixed-precision , lora : { share : 0.01 }, activation-offload: {share: 0.5}"
        written = "plan.optimizations=[bf16-mixed-precision, lora: {share: 0.01}, activation-offload: {share: 0.5}]"
        small = ("plan", "--model", "llama-2-7b", "--systems", "dgx-h100", "--accelerators", "8", "--top", "1", "--json")
        self.assertEqual(run(*small, "--optimize", chosen), run(*small, "--set", written))

    def test_a_plan_that_cannot_be_says_what_it_lacks(self):
        lacking = json.loads(subprocess.run([SPEEDUP, "plan", "--model", "llama-2-70b", "--deadline", "2h", "--json"],
                                            capture_output=True, text=True, check=False).stdout)
        self.assertEqual(lacking["plans"]["feasible"], 0)
        self.assertEqual(lacking["nearest"][0]["resource"], "deadline")
        run("plan", "--model", "llama-2-70b", "--deadline", "2h", code=5)

    def test_a_wrong_plan_is_refused(self):
        run("plan", code=2)
        for wrong in (("--serve", "64x1024"), ("--serve", "1x2x3", "--train", "1x2"), ("--serve", "1x2x3", "--request-rate", "1 /s")):
            self.assertIn("PROMPTxOUTPUT", run("plan", "--model", "llama-2-7b", *wrong, code=2))
        self.assertIn("neither", run("plan", "--model", "no-such", code=1))
        self.assertIn("systems: error[SPD-301]: there is no system 'dgx-h10'; did you mean 'dgx-h100'?",
                      run("plan", "--model", "llama-2-7b", "--systems", "dgx-h10", code=1))
        self.assertIn("there is no optimization 'zero-1: {'", run("plan", "--model", "llama-2-7b", "--optimize", "zero-1: {", code=1))
        self.assertIn("'prompt' makes", run("plan", "--model", "llama-2-7b", "--serve", "1x2x3", "--tokens", "1T", code=1))

    def plan(self, *arguments):
        return json.loads(run("plan", *arguments, "--json"))

    def commands(self, stack, *more, load="16x1024x256"):
        return estimate("--model", "llama-3-1-8b", "--hardware", "dgx-h100", "--accelerators", "2", "--serve", load, "--stack", stack, *more)["commands"]

    def test_a_service_is_told_how_it_is_started_and_measured(self):
        said = self.commands("vllm", "--optimize", "fp8-weights")
        self.assertEqual(said["serve"], "vllm serve meta-llama/Meta-Llama-3.1-8B --tensor-parallel-size 2 --max-model-len 1280 --max-num-seqs 16"
                                        " --max-num-batched-tokens 8192 --quantization fp8")
        self.assertEqual(said["benchmark"], "vllm bench serve --model meta-llama/Meta-Llama-3.1-8B --dataset-name random --random-input-len 1024"
                                            " --random-output-len 256 --ignore-eos --num-prompts 160 --max-concurrency 16")
        said = self.commands("sglang", "--optimize", "fp8-kv-cache", "--set", "serve.without=[cuda-graphs]", "--set", "serve.layout.tensor=2")
        self.assertEqual(said["serve"], "python -m sglang.launch_server --model-path meta-llama/Meta-Llama-3.1-8B --tp-size 2 --context-length 1280"
                                        " --max-running-requests 16 --chunked-prefill-size 8192 --kv-cache-dtype fp8_e4m3 --disable-cuda-graph")
        self.assertEqual(self.commands("tensorrt-llm")["serve"], "trtllm-serve meta-llama/Meta-Llama-3.1-8B --tp_size 2 --max_seq_len 1280"
                                                                 " --max_batch_size 16 --max_num_tokens 8192")
        self.assertEqual(self.commands("llama-cpp")["serve"], "llama-server -m llama-3-1-8b.gguf -ngl 99 -sm row -c 20480 -np 16")

    def test_a_command_serves_one_of_the_copies(self):
        said = self.commands("vllm", "--set", "serve.layout.tensor=1")
        self.assertEqual(said["copies"], 2)
        self.assertIn("--max-num-seqs 8", said["serve"])
        self.assertNotIn("tensor", said["serve"])

    def test_a_rate_is_asked_for_and_no_number_in_flight(self):
        path = Path(self.config).parent / "rate.yaml"
        path.write_text("serve: {model: llama-3-1-8b, system: dgx-h100, accelerators: 1, stack: vllm, request_rate: 3 /s, prompt: 1024, output: 256}\n",
                        encoding="utf-8")
        said = estimate(str(path))["commands"]
        self.assertIn("--request-rate 3", said["benchmark"])
        self.assertNotIn("concurrency", said["benchmark"])
        self.assertNotIn("max-num-seqs", said["serve"])

    def test_what_a_command_has_no_words_for_is_told(self):
        self.assertIn("awq, speculative-decoding;", self.commands("vllm", "--optimize", "awq,speculative-decoding")["note"])
        self.assertIsNone(self.commands("vllm")["note"])
        self.assertIsNone(estimate("--model", "llama-3-1-8b", "--hardware", "dgx-h100", "--serve", "16x1024x256")["commands"])

    def test_a_plan_tells_the_commands_of_its_best(self):
        answer = json.loads(run("plan", "--model", "llama-3-1-8b", "--systems", "dgx-h100", "--serve", "1024x256", "--request-rate", "4 /s",
                                "--stack", "vllm", "--accelerators", "2", "--json"))
        self.assertTrue(answer["commands"]["serve"].startswith("vllm serve meta-llama/Meta-Llama-3.1-8B"))

    def test_the_examples_of_serving_are_estimated(self):
        for name, metric in (("llama-70b-serving", "time_per_output_token"), ("llama-7b-generate", "tokens_per_second")):
            answer = estimate(str(ROOT / "examples" / f"{name}.yaml"))
            row = next(row for row in answer["published"] if row["metric"] == metric)
            self.assertLess(abs(row["difference"]), 0.15)


unittest.main(argv=[sys.argv[0], "-v"])
