"""<Redirect>: go on with another document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from offhook.rcml.context import Context
from offhook.rcml.outcome import BEFORE_ANSWER, Goto, Method, Need, Next, Outcome
from offhook.rcml.schema import Address, Content, verb


@verb
class Redirect:
    """Go on with another document; what follows in this one is never reached. Leaves a ringing call ringing."""

    needs: ClassVar[frozenset[Need]] = BEFORE_ANSWER

    url: Annotated[str, Content(), Address()] = ""
    """URL of the other document; without one the next verb runs."""
    method: Method = Method.POST
    """How it is asked for."""

    @property
    def last(self) -> bool:
        """Nothing follows another document."""
        return bool(self.url)

    @property
    def goes_to(self) -> str:
        """The document that is asked for next."""
        return self.url

    def advice(self) -> Iterator[str]:
        """What is odd about it."""
        if not self.url:
            yield "has no URL and does nothing; write the URL of the next document as its text"

    async def run(self, ctx: Context) -> Outcome:
        return Goto(url=self.url, method=self.method) if self.url else Next()
