"""`python -m cumulet` is the `cumulet` command."""

from cumulet.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
