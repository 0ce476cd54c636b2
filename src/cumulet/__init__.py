"""Cumulet: the AWS data-science stack as one Python program on your own machine."""
