"""What a crawl does: find files, group them into tables, and write those into the catalog.

The order of a crawl is the order of the modules: `targets` -> `tables` -> `definitions` -> `changes`.
"""
