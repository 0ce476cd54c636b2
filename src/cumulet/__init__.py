"""Cumulet: the AWS data-science stack as one Python program on your own machine."""

from importlib.metadata import version

__version__ = version("cumulet")
