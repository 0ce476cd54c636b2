"""How a fork becomes a model's process: its own surroundings, its own log, its handler."""
# ruff: noqa: PTH123

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import signal
import sys
import traceback

from cumulet.engines.run import namespace, processes
from cumulet.engines.serve.process import loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def become(order: dict[str, Any]) -> NoReturn:
    """In the fork: live as the model that an order describes, to the end."""
    code = 1
    try:
        dress(order)
        code = live(order["socket"], order["handler"])
    except BaseException:
        fail(order["failure"])
    os._exit(code)


def dress(order: dict[str, Any]) -> None:
    os.setsid()
    processes.die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("700")  # where the machine's memory runs out, a model goes before the stem and the server
    output = os.open(f"{order['folder']}/output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.stdout, sys.stderr = printer(1), printer(2)
    os.environ.clear()
    os.environ.update(order["environment"])
    if order["mounts"]:
        namespace.enter(order["mounts"], offline=order["offline"])
    os.chdir(order["folder"])
    sow()
    forget_ourselves()


class Output(io.FileIO):
    """What is printed goes to the log, or nowhere when the disk is full: a model answers all the same."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def printer(descriptor: int) -> io.TextIOWrapper:
    """A standard output whose every line is in the log at once."""
    buffer = io.BufferedWriter(Output(descriptor, "w", closefd=False))
    return io.TextIOWrapper(buffer, "utf-8", "backslashreplace", line_buffering=True, write_through=True)


def sow() -> None:
    """Forks share the state of their parent's random numbers, which nobody expects of two processes."""
    if "random" in sys.modules:
        sys.modules["random"].seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def forget_ourselves() -> None:
    """The names under which these modules were loaded are the model's to import."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cumulet"]:
        del sys.modules[name]


def live(path: str, handler_file: str) -> int:
    handler = load(handler_file)
    loop.Loop(loop.listen(path), handler).run()
    return 0


def load(path: str) -> Any:
    """The handler of a file, which may import its neighbours relatively."""
    spec = importlib.util.spec_from_file_location(
        "cumulet_handler",
        path,
        submodule_search_locations=[os.path.dirname(path)],  # noqa: PTH120
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["cumulet_handler"] = module
    spec.loader.exec_module(module)
    return module.load()


def fail(path: str) -> None:
    text = traceback.format_exc()
    print(text, file=sys.stderr, flush=True)
    with open(path, "w") as file:
        file.write(text)
