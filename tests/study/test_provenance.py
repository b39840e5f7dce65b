"""Rows say where they were born."""

import re
import subprocess

from rfe_study import provenance
from rfe_study.phantom.heads import VERSION


def test_the_phantoms_version_is_its_own():
    assert re.fullmatch(re.escape(VERSION) + "-[0-9a-f]{12}", provenance.phantom_version())


def test_another_phantom_is_not_called_by_a_frozen_name(monkeypatch):
    provenance.phantom_version.cache_clear()
    monkeypatch.setattr(provenance, "_own_version", lambda module: "0123456789ab")
    assert provenance.phantom_version() == f"{VERSION}-0123456789ab"
    provenance.phantom_version.cache_clear()


def test_a_certificate_names_no_machine_but_its_kind():
    born = provenance.certificate("rfe_core.losses")
    assert tuple(born) == provenance.COLUMNS
    assert re.fullmatch("[0-9a-f]{12}", born["code_version"])
    assert re.fullmatch(r"cpu: .+, 1 thread", born["hardware"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", born["date"])
    assert re.fullmatch(r"[0-9a-f]{12}\+?|", born["commit"])
    assert all(born[name] for name in ("torch", "numpy", "scipy", "scikit_image", "nilearn"))


def test_outside_git_there_is_no_commit(tmp_path, monkeypatch):
    provenance.commit.cache_clear()
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.commit() == ""
    provenance.commit.cache_clear()

    def no_git(*args, **kwargs):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert provenance.commit() == ""
    provenance.commit.cache_clear()
