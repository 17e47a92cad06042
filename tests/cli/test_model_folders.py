"""Verbs about model folders: what they are, converting them, listing them, and the health of the installation."""

import json

import pytest


def test_inspect_says_what_a_folder_is(videoxl, model_folder, tmp_path):
    """Format, parameters and ratios of a model; what is missing from a folder that is none."""
    result = videoxl("inspect", model_folder)
    assert result.code == 0
    for words in ("our format", "can be loaded  yes", "VSTs", "2, 4, 8, 16", "4 visual tokens"):
        assert words in result.out
    report = json.loads(videoxl("inspect", tmp_path, "--json").out)
    assert not report["is_loadable"]
    assert videoxl("inspect", tmp_path / "missing").code == 1


def test_converting_there_and_back_changes_nothing(videoxl, model_folder, tmp_path):
    """To the authors' format and back to ours: the same model, which answers the same."""
    there = videoxl("convert", model_folder, tmp_path / "official", "--to", "official")
    assert there.code == 0, there.err
    assert "largest difference  0" in there.out
    assert videoxl("inspect", tmp_path / "official").out.startswith(f"{tmp_path / 'official'}: a Video-XL model")
    back = videoxl("convert", tmp_path / "official", tmp_path / "ours", "--json")
    assert back.code == 0, back.err
    assert json.loads(back.out)["largest_difference"] == 0
    assert videoxl("convert", model_folder, tmp_path / "again", "--to", "sideways").code == 2
    assert videoxl("convert", model_folder, tmp_path / "again").code == 2


def test_verify_needs_recorded_cases(videoxl, tmp_path):
    """A folder without a manifest is refused in one line."""
    result = videoxl("verify", tmp_path)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "manifest.json" in result.err


def test_verify_exits_by_its_cases(videoxl, tmp_path, monkeypatch):
    """One line a case; exit 0 if all pass, 1 if one fails."""
    from videoxl.checkpoint import verify
    from videoxl.checkpoint.verify import CaseResult

    results = [CaseResult("one", "vision", "ok", 1e-6), CaseResult("two", "carry", "skip", None, "no contract")]

    def run(folder, *, tolerance, on_result):
        for result in results:
            if on_result:
                on_result(result)
        return results

    monkeypatch.setattr(verify, "verify", run)
    passed = videoxl("verify", tmp_path)
    assert passed.code == 0
    assert [line.split()[0] for line in passed.out.splitlines()] == ["one", "two", "1"]
    results.append(CaseResult("three", "vision", "FAIL", 0.1))
    assert videoxl("verify", tmp_path).code == 1
    assert json.loads(videoxl("verify", tmp_path, "--json").out)["FAIL"] == 1


def test_models_lists_what_there_is(videoxl):
    """The embedded model and the official one, with how to use them."""
    result = videoxl("models")
    assert result.code == 0
    assert "nano" in result.out
    assert "--model FOLDER" in result.out
    assert [about["name"] for about in json.loads(videoxl("models", "--json").out)] == ["nano", "official Video-XL 7B"]


def test_doctor_looks_at_everything(videoxl, monkeypatch, model_folder):
    """Versions, decoders, devices, threads, memory, disk and the embedded model; what is missing decides the code."""
    from videoxl.engine import loading

    monkeypatch.setattr(loading, "model_path", lambda name: str(model_folder))
    result = videoxl("doctor", "--json")
    assert result.code == 0, result.out
    names = {finding["name"] for finding in json.loads(result.out)["findings"]}
    assert {
        "videoxl",
        "torch",
        "av",
        "torchcodec",
        "devices",
        "threads",
        "free disk there",
        "VIDEOXL_HOME",
        "nano",
    } <= names
    monkeypatch.setattr(loading, "model_path", lambda name: str(model_folder / "missing"))
    missing = videoxl("doctor")
    assert missing.code == 1
    assert "<- needed" in missing.out


@pytest.mark.parametrize("held", [("limits", "namespaces"), ("limits", "no threads")])
def test_doctor_says_which_guards_hold(videoxl, monkeypatch, model_folder, held):
    """Of each guard of the decoding process it is said whether it is in force and what that means, missing ones too."""
    from videoxl.engine import loading
    from videoxl.video import isolated_guards

    monkeypatch.setattr(loading, "model_path", lambda name: str(model_folder))
    monkeypatch.setattr(isolated_guards, "_held", lambda: held)
    told = videoxl("doctor")
    assert told.code == 0
    for guard in held:
        assert f"guard: {guard}" in told.out
        assert f"in force: {isolated_guards.GUARDS[guard]}" in told.out
    assert f"missing: {isolated_guards.WHY_MISSING['system calls']}" in told.out
    guards = json.loads(videoxl("doctor", "--json").out)["guards"]
    assert guards["held"] == [*held]
    assert "system calls" in guards["missing"]


def test_doctor_says_when_nothing_can_be_decoded_safely(videoxl, monkeypatch, model_folder):
    """A decoding process that does not start is something that is needed; a system that never has one is not."""
    from videoxl.engine import loading
    from videoxl.errors import MissingDependencyError, VideoDecodeError
    from videoxl.video import isolated_guards

    monkeypatch.setattr(loading, "model_path", lambda name: str(model_folder))
    for error, code in ((VideoDecodeError("it did not start."), 1), (MissingDependencyError("needs Linux."), 0)):

        def fail(error=error):
            raise error

        monkeypatch.setattr(isolated_guards, "_held", fail)
        told = videoxl("doctor", "--json")
        assert told.code == code
        assert str(error) in told.out
        assert json.loads(told.out)["guards"] == {"held": [], "missing": []}
