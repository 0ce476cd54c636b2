"""Write what works into the documentation, from the code itself.

python docs/generate.py            write docs/services/*.md and the table in README.md
python docs/generate.py --check    exit with 1 where a page is not what the code says

What is *not* written, and what is refused, comes from botocore's models, which grow every week. A page names the
botocore that it was made with; under another one `--check` compares only what the code itself says.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import athena_functions
import sagemaker_algorithms
from botocore import __version__, xform_name
from botocore.model import OperationModel

from cumulet import services
from cumulet.wire import models

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- services: written by docs/generate.py -->", "<!-- end of services -->"


def written(service: str) -> list[OperationModel]:
    model = models.service(service)
    names = model.operation_names
    return [model.operation_model(n) for n in names if services.operation(service, xform_name(n))]


def sentence(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def cell(text: str | None) -> str:
    """A sentence within a table, where a bar would begin the next cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", sentence(text))


def refused(service: str, operation: OperationModel) -> list[str]:
    """The members that AWS has and the method does not name: a call that sends one gets a 501."""
    found = services.operation(service, xform_name(operation.name))
    shape = operation.input_shape
    return [m for m in (shape.members if shape else {}) if found and m not in found.accepts]


def operation_row(service: str, operation: OperationModel) -> str:
    found = services.operation(service, xform_name(operation.name))
    assert found
    gaps = ", ".join(f"`{m}`" for m in refused(service, operation))
    return f"| {operation.name} | {cell(found.method.__doc__)} | {gaps} |"


def service_page(service: str) -> str:
    model = models.service(service)
    done = written(service)
    missing = sorted(set(model.operation_names) - {o.name for o in done})
    module = inspect.getmodule(services.service_class(service))
    notes = ROOT / "docs" / "services" / "notes" / f"{service}.md"
    parts = [
        f"# {model.metadata.get('serviceFullName', service)}",
        inspect.cleandoc((module and module.__doc__) or ""),
        notes.read_text().strip() if notes.exists() else "",
        "## Operations",
        f"{len(done)} of the {len(model.operation_names)} operations of boto3's `{service}` client work "
        f"(botocore {__version__}). A call that names a member of the last column, or an operation that is not "
        "written, is answered with `NotImplemented` (HTTP 501).",
        "| operation | | refused by name |\n|---|---|---|\n"
        + "\n".join(operation_row(service, o) for o in done),
        "## Not written yet\n\n" + (", ".join(missing) or "Nothing is missing."),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table() -> str:
    rows = ["| service | operations | what it is |", "|---|---|---|"]
    for service in sorted(services.names()):
        module = inspect.getmodule(services.service_class(service))
        about = cell(module and module.__doc__)
        link = f"[{service}](docs/services/{service}.md)"
        rows.append(f"| {link} | {len(written(service))} | {about} |")
    return "\n".join(rows)


def pages() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    found = {readme: f"{before}{BEGIN}\n{table()}\n{END}{after}"}
    for service in services.names():
        found[ROOT / "docs" / "services" / f"{service}.md"] = service_page(service)
    found[athena_functions.PLACE] = athena_functions.page()
    found[sagemaker_algorithms.PLACE] = sagemaker_algorithms.page()
    return found


def lasting(page: str) -> str:
    """What a page says whatever botocore's version: its last columns, its totals and what is missing are gone."""
    page = re.sub(r" of the \d+ operations of boto3's (.*?) \(botocore [^)]*\)", r" \1", page)
    page = re.sub(r"^(\| .* \|) [^|]*\|$", r"\1", page, flags=re.M)
    return page.partition("\n## Not written yet\n")[0]


def agrees(path: Path, text: str) -> bool:
    """Whether a file is what it should be, as far as this botocore can tell."""
    found = path.read_text() if path.exists() else ""
    made_with = re.search(r"\(botocore ([^)]*)\)", found)
    elsewhere = made_with is not None and made_with[1] != __version__
    return found == text or (elsewhere and lasting(found) == lasting(text))


def main() -> int:
    wanted = pages()
    if "--check" in sys.argv:
        stale = [path for path, text in wanted.items() if not agrees(path, text)]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the code says: run python docs/generate.py")
        return 1 if stale else 0
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
