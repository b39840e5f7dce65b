"""Executes a notebook in a kernel of its own, with the expressions of its text."""

import os
import time
from pathlib import Path

import nbformat
from expressions import KEY, ExpressionError, expressions_of, filled
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbclient.util import ensure_async
from page_key import BOOK, ROOT

from rfe_core.files import replacing

CELL_TIMEOUT_S = 300


class Client(NotebookClient):
    """Executes a notebook: code cells, and the expressions of Markdown cells between them."""

    #: The cell that is being executed.
    at = 0

    async def async_execute_cell(self, cell, cell_index, *arguments, **options):
        """Execute one cell; nbclient calls it for each in order."""
        self.at = cell_index
        cell = await super().async_execute_cell(cell, cell_index, *arguments, **options)
        if cell.cell_type != "markdown":
            return cell
        cell.metadata.pop(KEY, None)
        if names := expressions_of(cell.source):
            asked = {str(number): name for number, name in enumerate(names)}
            message = self.kc.execute("", silent=True, user_expressions=asked)
            reply = await self.async_wait_for_reply(await ensure_async(message), cell)
            answers = reply["content"]["user_expressions"]
            cell.metadata[KEY] = [
                {"expression": name, "result": answers[number]} for number, name in asked.items()
            ]
            filled(cell.source, cell.metadata[KEY])
        return cell


def execute(path: Path, target: Path, threads: int) -> str | None:
    """Execute one notebook into `target`; return an error message, or None."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by numpy and torch in the kernel
    # Tests draw with "Agg", and a kernel that inherits it shows no figure.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    notebook = nbformat.read(path, as_version=4)
    client = Client(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(BOOK)}},
        store_widget_state=True,
        extra_arguments=["--log-level=CRITICAL"],  # at its end each says that it is interrupted
    )
    start = time.perf_counter()
    try:
        client.execute()
    except DeadKernelError:
        return f"{path.relative_to(ROOT)}, cell {client.at}: its kernel died"
    except ExpressionError as error:
        return f"{path.relative_to(ROOT)}, cell {client.at}: {error}"
    except (CellExecutionError, TimeoutError) as error:
        return f"{path.relative_to(ROOT)}, cell {client.at}:\n{error}"
    notebook.metadata["run_seconds"] = round(time.perf_counter() - start, 1)
    with replacing(target) as partial:
        nbformat.write(notebook, partial)
    return None
