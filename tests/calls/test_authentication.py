from __future__ import annotations

from offhook.sip.digest import Challenge
from tests.calls.desk import SOURCE, Desk
from tests.support.virtual_loop import run


def test_who_guesses_too_often_is_refused_for_a_while_whatever_the_password() -> None:
    async def main() -> None:
        desk = Desk(failures_of_user=3, seconds=60.0)
        for _ in range(3):
            await desk.register()
            assert await desk.register(authorization=desk.credentials("wrong")) == 403
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right")) == 403
        elsewhere = SOURCE._replace(host="192.0.2.8")
        await desk.register(source=elsewhere)
        assert await desk.register(authorization=desk.credentials("right"), source=elsewhere) == 200
        desk.now += 61
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right")) == 200

    run(main())


def test_a_forged_address_cannot_use_up_the_tries_of_its_owner() -> None:
    async def main() -> None:
        desk = Desk(failures_of_user=1, failures_of_source=1)
        await desk.register(source=SOURCE._replace(host="192.0.2.66"))
        stolen = desk.credentials("wrong")
        assert await desk.register(authorization=stolen) == 401, "the nonce was given to another address"
        assert Challenge.parse(desk.replies.challenges[0]).stale
        assert await desk.register(authorization=desk.credentials("right")) == 200

    run(main())


def test_nobody_is_looked_up_before_a_fresh_nonce_comes_back() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.register("bob")
        await desk.register("bob", desk.credentials("right").replace('nonce="', 'nonce="0'))
        assert desk.directory.asked == []
        await desk.register("bob", desk.credentials("right"))
        assert desk.directory.asked == ["bob"]

    run(main())
