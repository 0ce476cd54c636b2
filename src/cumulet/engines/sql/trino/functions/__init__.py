"""Trino's functions, by theme. https://trino.io/docs/current/functions.html"""
