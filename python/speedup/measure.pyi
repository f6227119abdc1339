# A program: python3 -m speedup.measure.
from collections.abc import Sequence

def main(arguments: Sequence[str] | None = None) -> None: ...
