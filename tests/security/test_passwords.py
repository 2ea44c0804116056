import asyncio

import pytest

from offhook.security.passwords import Passwords
from offhook.security.settings import PasswordSettings

CHEAP = PasswordSettings(memory=8192, passes=1, lanes=1, at_once=1)


def test_a_password_is_recognised_and_another_is_not():
    async def scene():
        passwords = Passwords(CHEAP)
        kept = await passwords.hash("correct horse")
        assert kept.startswith("$argon2id$")
        assert await passwords.verify(kept, "correct horse")
        assert not await passwords.verify(kept, "battery staple")
        assert not await passwords.verify("not a hash", "correct horse")

    asyncio.run(scene())


def test_a_hash_of_another_cost_is_outdated():
    async def scene():
        kept = await Passwords(CHEAP).hash("x")
        assert not Passwords(CHEAP).outdated(kept)
        assert Passwords(PasswordSettings(memory=8192, passes=2, lanes=1)).outdated(kept)

    asyncio.run(scene())


def test_a_flood_of_log_ins_is_given_up_after_the_limit():
    async def scene():
        passwords = Passwords(PasswordSettings(memory=8192, passes=16, lanes=1, at_once=1, wait=0.001))
        with pytest.raises(TimeoutError):
            await passwords.hash("x")

    asyncio.run(scene())
