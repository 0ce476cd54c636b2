"""What a Python that is to use Cumulet imports before its program: this folder is put on PYTHONPATH.

It is for one client only. pyarrow takes AWS_ENDPOINT_URL for `s3://` addresses, but an `S3FileSystem()` made
without an address (pyiceberg's and PyAthena's way) has no setting by which it would leave AWS
(https://github.com/apache/arrow/issues/49643). Here it takes AWS_ENDPOINT_URL where its caller names no
endpoint. Nothing happens in a program that does not import pyarrow's file systems, and nothing without that
variable.

It runs in other people's environments, whichever Python 3 they have: no imports but the standard library's.
"""

# Python 3.7 and strangers' classes: no annotations, no pathlib.
# ruff: noqa: PTH100, PTH120
# mypy: ignore-errors

import os
import sys
from importlib.machinery import PathFinder

PATCHED = "pyarrow._s3fs"


class Watch:
    """Sees that module being imported; no other."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != PATCHED:
            return None
        sys.meta_path.remove(Watch)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                module.S3FileSystem = local(module.S3FileSystem)

            spec.loader.exec_module = exec_module
        return spec


def local(original):
    """The class of file systems, with an endpoint by default."""

    class S3FileSystem(original):
        def __init__(self, *arguments, **options):
            endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
            if endpoint and not options.get("endpoint_override"):
                scheme, _, host = endpoint.rpartition("://")
                options["endpoint_override"] = host.rstrip("/")
                options["scheme"] = scheme or "https"
            super().__init__(*arguments, **options)

    S3FileSystem.__module__, S3FileSystem.__qualname__ = original.__module__, original.__qualname__
    S3FileSystem.__doc__ = original.__doc__
    return S3FileSystem


def make_way():
    """Let the environment's own sitecustomize, which this one has come before, be imported too."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if this is not None:
            sys.modules["sitecustomize"] = this


sys.meta_path.insert(0, Watch)
if __name__ == "sitecustomize":
    make_way()
