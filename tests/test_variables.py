"""What every process of a run inherits."""

import os
import sys
from pathlib import Path

from blocks.run.shared.environment import installed
from blocks.run.shared.variables import set_for


def test_programs_of_this_python_are_found_and_caches_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {"PATH": "/bin"})
    set_for("cpu", tmp_path)
    set_for("cpu", tmp_path)
    assert os.environ["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/bin"
    kept = tmp_path / ".cache" / f"{sys.implementation.cache_tag}-torch{installed('torch')}"
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(kept / "inductor")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_gpus_stay_visible_on_cuda(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {})
    set_for("cuda", tmp_path)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
