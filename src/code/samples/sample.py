"""A sample whose last lines say what is expected of it: def nothing(): pass"""
import os.path
from .sibling import one, two as other
from typing import TYPE_CHECKING

LIMITS = {
    "a": [1, 2],
    "def": "class Fake: pass",
}
default = None


def outer(
    first,
    second={"x": ")"},
) -> dict[str, int]:
    """Says what it does."""
    def local():
        return """
def fake():
    pass
"""
    return local


class Base(object):
    # Counts.
    COUNT = 3
    lower = 4

    @property
    def name(self): return "x"

    async def run(self):
        if self:
            return 1

        return 2

    class Inner:
        def deep(self):
            pass


if TYPE_CHECKING:
    class Late: ...
# expect: import os.path 2
# expect: import .sibling 3
# expect: import .sibling.one 3
# expect: import .sibling.two 3
# expect: import typing 4
# expect: import typing.TYPE_CHECKING 4
# expect: constant LIMITS 6-9
# expect: variable default 10-10
# expect: function outer 13-23 signature 16 doc 17
# expect: class Base 26-42
# expect: constant Base.COUNT 28-28 doc 27
# expect: method Base.name 32-32
# expect: method Base.run 34-38
# expect: class Base.Inner 40-42
# expect: method Inner.deep 41-42
# expect: class Late 46-46
