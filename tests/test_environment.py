"""What a record says of the place where blocks ran, and what is known of it before anything runs."""

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

from blocks.run.shared import environment
from blocks.run.shared.environment import Environment

GPU = Environment("cuda", "NVIDIA H100", "9.0", "580.95", "13.2", "2.15.0", "0.29.2", "3.11", "Linux")


def test_cpu_is_described_without_a_driver():
    here = Environment(**json.loads(environment.as_json()))
    assert (here.capability, here.driver, here.cuda) == ("", "", "") or here.device == "cuda"
    assert here.torch == version("torch").partition("+")[0]
    assert here.name and here.system in ("Linux", "macOS", "Windows")


def test_versions_are_known_without_importing_torch():
    imports = "import sys; from blocks.run.shared.environment import versions"
    code = f"{imports}; print(versions()['torch'], 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [version("torch").partition("+")[0], "False"]


def test_gpu_names_its_record():
    assert GPU.id == "nvidia-h100-linux-python3.11-torch2.15.0"
    assert str(GPU) == "NVIDIA H100 · torch 2.15.0 · Python 3.11 · Linux"
    assert "driver 580.95, cuda 13.2" in GPU.details


@pytest.mark.parametrize(("answer", "expected"), [("580.95\n580.95\n", "580.95"), ("", "")])
def test_driver_is_asked_of_its_own_tool(tmp_path, monkeypatch, answer, expected):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert environment.driver() == expected


def test_no_driver_where_there_is_no_tool(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.driver() == ""


def test_package_that_is_not_installed_has_no_version():
    assert environment.installed("no-such-package") == ""
