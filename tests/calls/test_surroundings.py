from __future__ import annotations

from tests.calls.twins import world
from tests.support.virtual_loop import run, until


def test_a_new_recording_belongs_to_its_call_and_has_a_place_of_its_own() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            around, facts = w.script.calls[0]._around, w.script.calls[0].facts
            one, other = around.recording(facts), around.recording(facts)
            assert one.sid != other.sid
            assert one.path == f"/nowhere/{one.sid}.wav"
            leg.ends()

    run(main())
