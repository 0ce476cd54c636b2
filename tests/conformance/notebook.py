"""Run one notebook cell by cell, unmodified, in the Python that runs this file (3.7 or later).

    python notebook.py NOTEBOOK [--check CODE]

`--check` is run in the notebook's own kernel behind its last cell, so that it sees the notebook's
variables; an assertion that fails there, or any cell that raises, ends this program with status 1.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--check", default="")
    arguments = parser.parse_args()
    notebook = nbformat.read(str(arguments.notebook), as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    if arguments.check:
        notebook.cells.append(nbformat.v4.new_code_cell(arguments.check))
    # The kernel of this very Python, whatever the notebook's metadata name.
    client = NotebookClient(notebook, timeout=3600, kernel_name="python3")
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"FAILED {arguments.notebook.name}: {error}\n{error.ename}: {error.evalue}", file=sys.stderr)
        return 1
    for output in notebook.cells[-1].get("outputs", []) if arguments.check else []:
        print(output.get("text", ""), end="")
    print(f"passed {arguments.notebook.name}: {cells} code cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
