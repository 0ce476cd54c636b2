"""The arguments of a job, as its script reads them.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html
"""

from __future__ import annotations


class GlueArgumentError(Exception):
    """An argument that the script needs was not given."""


def getResolvedOptions(args: list[str], options: list[str]) -> dict[str, str]:
    """The values of a script's arguments: `getResolvedOptions(sys.argv, ["source"])["source"]`.

    An argument is `--source value` or `--source=value`; of one given twice the last counts. Arguments that
    are not asked for are left alone. A name with hyphens is found under underscores, too.
    """
    given = _pairs(list(args)[1:])
    names = [str(option).lstrip("-") for option in options]
    missing = [name for name in names if name not in given]
    if missing:
        raise GlueArgumentError(
            "the following arguments are required: " + ", ".join("--" + name for name in missing)
        )
    found = {name: given[name] for name in names}
    return {**found, **{name.replace("-", "_"): value for name, value in found.items()}}


def _pairs(args: list[str]) -> dict[str, str]:
    """Every `--name`, with what follows it ("" where that is the next name, or nothing)."""
    found: dict[str, str] = {}
    name: str | None = None
    for arg in args:
        if name is None or arg.startswith("--"):
            name = None
            if arg.startswith("--"):
                name, sign, value = arg[2:].partition("=")
                found[name] = value
                name = None if sign else name
        else:
            found[name] = arg
            name = None
    return found
