"""Who gets a text message, and what its sender is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.leg import Contact
from offhook.calls.messages import Messages, TextMessage, Verdict
from tests.calls.twins import DirectoryTwin
from tests.support.virtual_loop import run

DIRECTORY = DirectoryTwin()
HELLO = TextMessage(
    sender=DIRECTORY.clients["alice"], to_user="bob", to_domain="pbx.test", content_type="text/plain", body=b"hello"
)


class Devices:
    """Those of bob: a code or the seconds of its silence for each."""

    def __init__(self, *answers: int | float) -> None:
        self.answers = dict(enumerate(answers))
        self.sent: list[str] = []
        self.directory = DirectoryTwin()

    async def send(self, message: TextMessage, contact: Contact) -> int:
        self.sent.append(contact.uri)
        answer = self.answers[int(contact.uri)]
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return 408
        return answer

    async def deliver(self, message: TextMessage = HELLO, **more: object) -> Verdict:
        messages = Messages(
            self.directory,
            lambda _login, _domain: [Contact(uri=str(number)) for number in self.answers],
            lookup_timeout=2.0,
            patience=5.0,
            **more,  # type: ignore[arg-type]
        )
        return await messages.deliver(message, self.send)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((200,), 200),
        ((486, 200), 200),
        ((100.0, 202), 200),
        ((100.0,), 202),
        ((486, 603), 603),
        ((4.0,), 408),
        ((302,), 480),
        ((), 480),
    ],
)
def test_a_message_goes_to_all_devices_and_one_is_enough(answers: tuple[int | float, ...], code: int) -> None:
    async def main() -> None:
        devices = Devices(*answers)
        assert (await devices.deliver()).code == code
        assert len(devices.sent) == len(answers)

    run(main())


def test_only_clients_of_the_same_organization_get_messages() -> None:
    async def main() -> None:
        devices = Devices(200)
        bob = devices.directory.clients["bob"]
        for changed in (replace(bob, domain="other.test"), replace(bob, active=False)):
            devices.directory.clients["bob"] = changed
            assert (await devices.deliver()).code == 404
        assert devices.sent == []

    run(main())


def test_a_message_to_a_number_goes_to_its_port_or_is_refused_with_words() -> None:
    async def main() -> None:
        devices = Devices(200)
        to_number = replace(HELLO, to_user="+15550100")
        verdict = await devices.deliver(to_number)
        assert (verdict.code, "not carried" in verdict.reason) == (404, True)

        async def carried(message: TextMessage) -> Verdict:
            assert message.to_user == "+15550100"
            return Verdict(code=202)

        assert (await devices.deliver(to_number, to_number=carried)).code == 202
        assert devices.sent == []

    run(main())


def test_an_empty_message_and_a_slow_directory_are_refused() -> None:
    async def main() -> None:
        devices = Devices(200)
        assert (await devices.deliver(replace(HELLO, body=b""))).code == 400
        assert (await devices.deliver(replace(HELLO, content_type=""))).code == 400
        devices.directory.delay = 10.0
        assert (await devices.deliver()).code == 503

    run(main())
