"""What only runs elsewhere is checked as far as it can be here."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OUR_FILE = re.compile(r"\b(?:packaging|resources|tests|app)/[\w./-]+\.\w+")


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_are_two_workflows():
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_does_something_and_every_action_has_a_version(path):
    for step in steps(path):
        assert ("run" in step) != ("uses" in step), step
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_file_of_ours_that_is_named_exists(path):
    text = path.read_text("utf-8")
    named = {name for name in OUR_FILE.findall(text) if "*" not in name}
    assert named or path.name == "ci.yml"
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_make_is_asked_for_exists(path):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", path.read_text("utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_shell_understands_every_step(path):
    for step in steps(path):
        if "run" in step and step.get("shell") != "pwsh":
            script = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])
            done = subprocess.run(
                ["bash", "-n"], input=script, text=True, capture_output=True, check=False
            )
            assert done.returncode == 0, f"{step}: {done.stderr}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_may_write_unless_it_says_so(path):
    assert read(path)["permissions"] == {"contents": "read"}


def test_each_system_is_built_used_and_released():
    jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
    assert set(jobs) == {"linux", "windows", "macos", "publish"}
    assert set(jobs["publish"]["needs"]) == {"linux", "windows", "macos"}
    for name in ("linux", "windows", "macos"):
        commands = "\n".join(step.get("run", "") for step in jobs[name]["steps"])
        assert "smoke_test.py" in commands or "package-test" in commands
        assert any("upload-artifact" in step.get("uses", "") for step in jobs[name]["steps"])
    assert "sha256sum" in str(jobs["publish"]["steps"])


def test_the_workflows_use_a_python_that_the_project_supports():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert wanted["requires-python"] == ">=3.11,<3.13"
    assert read(ROOT / ".github/workflows/release.yml")["env"]["PYTHON_VERSION"] == "3.11"
    matrix = read(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12"]
