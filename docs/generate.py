"""Write what works into the documentation, from the code itself.

python docs/generate.py            write docs/services/*.md and the table in README.md
python docs/generate.py --check    exit with 1 where a page is not what the code says
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import athena_functions
from botocore import xform_name
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


def refused(service: str, operation: OperationModel) -> list[str]:
    """The members that AWS has and the method does not name: a call that sends one gets a 501."""
    found = services.operation(service, xform_name(operation.name))
    shape = operation.input_shape
    return [m for m in (shape.members if shape else {}) if found and m not in found.accepts]


def operation_row(service: str, operation: OperationModel) -> str:
    found = services.operation(service, xform_name(operation.name))
    assert found
    gaps = ", ".join(f"`{m}`" for m in refused(service, operation))
    return f"| {operation.name} | {sentence(found.method.__doc__)} | {gaps} |"


def service_page(service: str) -> str:
    model = models.service(service)
    done = written(service)
    missing = sorted(set(model.operation_names) - {o.name for o in done})
    module = inspect.getmodule(services.service_class(service))
    notes = ROOT / "docs" / "services" / "notes" / f"{service}.md"
    parts = [
        f"# {model.metadata.get('serviceFullName', service)}",
        inspect.cleandoc((module and module.__doc__) or ""),
        f"{len(done)} of the {len(model.operation_names)} operations of boto3's `{service}` client work. "
        "A call that names a member of the last column, or an operation that is not written, is answered "
        "with `NotImplemented` (HTTP 501).",
        "| operation | | refused by name |\n|---|---|---|\n"
        + "\n".join(operation_row(service, o) for o in done),
        notes.read_text().strip() if notes.exists() else "",
        "## Not written yet\n\n" + (", ".join(missing) or "Nothing is missing."),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table() -> str:
    rows = ["| service | operations | what it is |", "|---|---|---|"]
    for service in sorted(services.names()):
        module = inspect.getmodule(services.service_class(service))
        about = sentence(module and module.__doc__)
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
    return found


def main() -> int:
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the code says: run python docs/generate.py")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages()[path])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
