"""A chapter that makes patients says so while it does, and only then."""

import queue

import nbformat
import pytest
from nbclient import NotebookClient

#: Two patients that take a second and a half each, in place of the phantom's.
FAKE = """
import time
from rfe_book import patients

made = []

def subjects(wanted, *, progress):
    assert not progress
    for name in patients.cache.missing(wanted, None):
        time.sleep(1.5)
        made.append(name)
    return wanted

patients.cache.missing = lambda wanted, root: [name for name in wanted if name not in made]
patients.cache.phantom_subjects = subjects
"""
AGAIN = "patients.phantom_subjects(['one', 'two'])"
FAILS = """
patients.cache.missing = lambda wanted, root: wanted
patients.cache.phantom_subjects = lambda wanted, progress: 1 / 0
patients.phantom_subjects(['three'])
"""


class Listener(NotebookClient):
    """Keeps what a kernel shows on the way, even if nothing of it is left at the end."""

    def process_message(self, msg, cell, cell_index):
        """Called for each message; lines of text are put into `lines` of this class."""
        data = msg["content"].get("data", {})
        if msg["msg_type"] in ("display_data", "update_display_data"):
            self.lines.put(data["text/plain"])
        return super().process_message(msg, cell, cell_index)


@pytest.mark.slow
def test_a_line_is_shown_while_patients_are_made_and_goes(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in (FAKE, AGAIN, AGAIN, FAILS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    Listener.lines = queue.Queue()
    options = {"kernel_name": "python3", "resources": {"metadata": {"path": str(tmp_path)}}}
    Listener(notebook, timeout=600, allow_errors=True, **options).execute()
    _, first, second, failed = notebook.cells
    for cell in (first, second):
        (output,) = cell.outputs
        assert output.data["text/plain"] == "['one', 'two']"
    (output,) = failed.outputs
    assert output.ename == "ZeroDivisionError"
    lines = list(Listener.lines.queue)
    begin = "Making 2 phantom patients, kept for the next time: "
    assert lines[0] == f"{begin}0 done after 0 s"
    assert any(line.startswith(f"{begin}1 done after ") for line in lines)
    ends = "Making 1 phantom patient, kept for the next time: 0 done after 0 s"
    assert lines[-1] == ends and lines.count(ends) == 1
