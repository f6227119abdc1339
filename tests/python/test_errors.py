"""What is wrong comes out as an exception with every problem and its place."""
import os
import pickle
import subprocess
import sys

import pytest
import speedup


def test_every_problem_of_a_text_is_told_with_its_place(refused):
    error = refused(speedup.Scenario, "train:\n  modle: llama-7b\n  system: dgx-a100-80gb\n  sequence: long\n",
                    name="jöb.yaml")
    assert (error.status, error.name) == (107, "UNKNOWN_KEY") and error.remedy
    first = error.diagnostics[0]
    assert (first.code, first.name, first.file, first.line, first.column) == (107, "UNKNOWN_KEY", "jöb.yaml", 2, 3)
    assert "did you mean 'model'" in first.message
    assert first.text == str(error)[:len(first.text)]
    assert first.text.startswith("jöb.yaml:2:3: error[SPD-107]: ") and first.text.endswith("\n    ^")
    assert {d.name for d in error.diagnostics} >= {"UNKNOWN_KEY", "MISSING_KEY", "BAD_NUMBER"}


def test_a_problem_says_what_to_do_about_it(refused):
    error = refused(speedup.Scenario, "plan: {model: llama-7b}")
    assert error.remedy == error.diagnostics[0].remedy == "give this file to 'speedup plan'"


@pytest.mark.parametrize("read", [speedup.Scenario, speedup.Space, speedup.Catalog().extend, speedup.audit])
def test_the_name_of_a_file_means_the_file(read, refused):
    assert refused(read, "runs/job.yaml").name == "UNREADABLE"
    assert refused(read, b"runs/job.yaml").name not in ("UNREADABLE", "NOT_A_FILE")


@pytest.mark.parametrize("read", [speedup.answer, speedup.admit])
def test_a_text_of_others_is_never_the_name_of_a_file(read, refused):
    error = refused(read, "runs/job.yaml")
    assert error.name == "WRONG_TYPE" and "pathlib.Path('runs/job.yaml')" in str(error)


def test_an_error_without_a_place_has_none(job, refused):
    error = refused(speedup.Scenario, job, settings=["nothing"])
    assert error.name == "BAD_SETTING"
    assert (error.diagnostics[0].file, error.diagnostics[0].line, error.diagnostics[0].column) == (None, None, None)


def test_the_next_call_starts_clean(job, refused):
    for _ in range(3):
        assert len(refused(speedup.Scenario, "train: {modle: x}").diagnostics) > 1
        assert len(refused(speedup.Scenario, job, settings=["nothing"]).diagnostics) == 1
        speedup.Scenario(job)


@pytest.mark.parametrize("source, name", [
    ("", "EMPTY"), (b"\xff\xfe\x00", "NOT_TEXT"), ("a\0b", "NOT_TEXT"), ("{", "SYNTAX"), ("a: &x 1", "ALIAS"),
    ("[" * 400000, "TOO_DEEP"), ({}, "NO_JOB"), ({"train": {"model": float("nan")}}, None),
])
def test_a_bad_document_is_refused(source, name, refused):
    for call in (speedup.Scenario, speedup.answer):
        error = refused(call, source)
        assert name in (error.name, None) and error.diagnostics


def test_files_that_cannot_be_read_are_told(tmp_path, refused):
    assert refused(speedup.Scenario, tmp_path / "none.yaml").name == "UNREADABLE"
    assert refused(speedup.Catalog().extend, tmp_path).name == "NOT_A_FILE"
    assert refused(speedup.audit, tmp_path).name == "NOT_A_FILE"


def test_what_is_no_document_is_a_type_error(job):
    for call in (speedup.Scenario, speedup.Catalog().extend, speedup.answer, speedup.audit):
        for wrong in (None, 7, ["train"]):
            with pytest.raises(TypeError):
                call(wrong)
    with pytest.raises(TypeError):
        speedup.Scenario({"train": {"model": object()}})


def test_unknown_entries_are_told_with_the_nearest(refused):
    catalog = speedup.Catalog()
    assert "did you mean 'models'" in str(refused(catalog.ids, "modles"))
    assert "did you mean 'llama-65b'" in str(refused(catalog.number, "models", "llama-65", "layers"))
    assert refused(catalog.number, "models", "llama-65b", "wings").name == "NOT_FOUND"
    assert refused(catalog.show, "models", "llama-66b").name == "UNKNOWN_ENTRY"


def test_a_nul_is_refused_and_not_cut_at(job):
    for wrong in (lambda: speedup.Catalog().number("models\0", "llama-65b", "layers"),
                  lambda: speedup.Optimization("own\0"), lambda: speedup.Scenario(job, settings=["a=1\0"])):
        with pytest.raises((ValueError, speedup.SpeedupError)):
            wrong()


def test_an_error_travels(refused):
    error = refused(speedup.answer, "train: {modle: x}")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.status, copy.name, copy.diagnostics, str(copy)) == \
        (error.status, error.name, error.diagnostics, str(error))


def test_intervals_refuse_what_is_no_probability(job, refused):
    estimate = speedup.Scenario(job).estimate()
    for wrong in (0, 1, -1, float("nan")):
        assert refused(estimate.interval, "step_seconds", wrong).name == "INVALID_ARGUMENT"
    with pytest.raises(KeyError):
        estimate.interval("step_second")


def test_nothing_is_printed(root):
    program = "import speedup\ntry: speedup.answer('train: {modle: x}')\nexcept speedup.SpeedupError: pass"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(root / "python")})
    assert (done.stdout, done.stderr) == (b"", b"")
