"""A JupyterLab of its own, and a notebook opened in it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from lab_folder import SETTINGS

TIMEOUT_S = 120
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}


@contextmanager
def serve_lab(folder: Path, home: Path):
    """Serve a folder in JupyterLab, with settings of its own; gives the address."""
    for name, settings in (SETTINGS | QUIET).items():
        path = home / "settings" / f"{name.replace(':', '/')}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
    }
    options = [f"--port={port}", "--no-browser", "--IdentityProvider.token="]
    options += [f"--notebook-dir={folder}", "--allow-root", "--log-level=ERROR"]
    environment = os.environ | own
    environment.pop("MPLBACKEND", None)  # tests draw with Agg, a notebook in itself
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], env=environment, cwd=folder
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api", server)
        yield address
    finally:
        server.terminate()
        server.wait(TIMEOUT_S)


def _wait_for(url: str, server: subprocess.Popen) -> None:
    for _ in range(10 * TIMEOUT_S):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                raise RuntimeError(f"JupyterLab ended with status {server.returncode}") from None
            time.sleep(0.1)
    raise TimeoutError(f"JupyterLab does not answer at {url} after {TIMEOUT_S} s")


@contextmanager
def open_notebook(browser, address: str, name: str):
    """A notebook in JupyterLab, its kernel waiting."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * 5 * TIMEOUT_S)
    tab = context.new_page()
    # in a workspace of its own: the default one brings back the notebooks of the last
    tab.goto(f"{address}/lab/workspaces/{Path(name).stem}/tree/{name}")
    tab.locator(".jp-MarkdownCell .myst h1").wait_for()
    tab.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    yield tab
    context.close()


def run_all(tab) -> None:
    """Run all cells of the open notebook and wait until each code cell has been."""
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.locator("#jp-mainmenu-run").get_by_text("Run All Cells", exact=True).click()
    tab.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
            .every(prompt => /^\\[\\d+\\]:$/.test(prompt.innerText))""",
        polling=500,
    )
