"""Cumulet: the AWS data-science stack as one Python program on your own machine."""


def __getattr__(name: str) -> str:
    """`cumulet.__version__`, read only when asked for: the metadata machinery would slow every command."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cumulet")
    raise AttributeError(name)
