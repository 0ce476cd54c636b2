"""A Python script in the process that its supervisor has forked anyway: another interpreter need not start.

That is for scripts of our own, which ask for an interpreter as bare as the supervisor's (`python -I -S FILE`): what
it has imported is there, and a script's first line comes tens of milliseconds earlier. It ends without waiting for
threads, and what `atexit` registered is not called.
"""

import os
import sys

TYPE_CHECKING = False  # `typing` would take too long to import
if TYPE_CHECKING:
    from typing import NoReturn

BARE = ["-I", "-S"]
FIRST, LAST = 3, 1 << 16  # descriptors that a program would have lost by `exec`


def fits(command: list[str]) -> bool:
    """Whether a command is this very interpreter, started as this one was, and a file."""
    as_bare = bool(sys.flags.isolated and sys.flags.no_site)
    return as_bare and command[:3] == [sys.executable, *BARE] and "".join(command[3:4]).endswith(".py")


def become(command: list[str], environment: dict[str, str]) -> "NoReturn":
    """Run the script as `exec` would have done it: with this environment, and no descriptor but the first three."""
    code = 1
    try:
        os.closerange(FIRST, LAST)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[:] = command[3:]
        code = _run(command[3])
        sys.stdout.flush()
    except BaseException:  # what nobody has caught is said as Python says it
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _run(script: str) -> int:
    """The script as the main module, its compiled form kept beside it; its exit code."""
    from importlib.machinery import SourceFileLoader

    loader, module = SourceFileLoader("__main__", script), type(sys)("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    code = loader.get_code("__main__")
    assert code
    try:
        exec(code, vars(module))
    except SystemExit as end:
        return _code(end)
    return 0


def _code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return (end.code or 0) & 0xFF
    print(end.code, file=sys.stderr)
    return 1
