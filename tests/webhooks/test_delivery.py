import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from twilio.request_validator import RequestValidator

from offhook.outbound.http import HttpResponse, OutboundError, OutboundFault
from offhook.security.masked import Secret
from offhook.store import deliveries
from offhook.store.deliveries import DeliveryRow
from offhook.webhooks.delivery import Delivery
from offhook.webhooks.outbox import Callback
from offhook.webhooks.settings import WebhookSettings
from tests.support.databases import CHILD, NOW
from tests.support.virtual_loop import run

SETTINGS = WebhookSettings(attempts=4, first_delay=1.0, longest_delay=3.0, per_host=2, window=100)


class LoopClock:
    def utc(self):
        return NOW + timedelta(seconds=self.monotonic())

    def monotonic(self):
        return asyncio.get_running_loop().time()


class Applications:
    """The web as deliveries see it: answers per host, and what was asked when."""

    def __init__(self):
        self.asked, self.answers, self.takes, self.busy, self.most_busy = [], {}, {}, {}, {}

    async def send(self, request):
        host = request.url.split("/")[2]
        self.asked.append((asyncio.get_running_loop().time(), request))
        self.busy[host] = self.busy.get(host, 0) + 1
        self.most_busy[host] = max(self.most_busy.get(host, 0), self.busy[host])
        try:
            await asyncio.sleep(self.takes.get(host, 0.01))
        finally:
            self.busy[host] -= 1
        answers = self.answers.get(host, [200])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return HttpResponse(url=request.url, status=answer, headers={}, body=b"", elapsed=0.0)

    def paths(self):
        return [request.url.split("/", 3)[3] for _, request in self.asked]


class Rows:
    """A database that holds pending rows, and fails on demand."""

    def __init__(self, rows=()):
        self.rows, self.outages = list(rows), 0

    @asynccontextmanager
    async def reading(self):
        if self.outages:
            self.outages -= 1
            raise ConnectionRefusedError
        yield self

    async def scalars(self, _query):
        return Found(self.rows)


class Found(list):
    def all(self):
        return list(self)


def row(number, **changes):
    values = {
        "sid": f"WD{number:032x}", "account_sid": CHILD, "call_sid": f"CA{number:032x}", "sequence": 3, "url": f"http://a.example/{number}",
        "method": "POST", "parameters": [["CallSid", "CA"]], "state": "pending", "attempts": [], "due_at": NOW, "date_created": NOW, "date_updated": NOW,
    }  # fmt: skip
    return DeliveryRow(**{**values, **changes})


def callback(number=1, *, host="a.example", call=1, sequence=0):
    return Callback(
        sid=f"WD{number:032x}", account_sid=CHILD, call_sid=f"CA{call:032x}", sequence=sequence,
        url=f"http://{host}/{number}", method="POST", parameters=(("CallSid", "CA"), ("Twice", "é")), due_at=NOW,
    )  # fmt: skip


@asynccontextmanager
async def delivering(web, rows=None, *, settings=SETTINGS, key=Secret("12345")):
    async def signing_key(account_sid):
        return key() if callable(key) else key

    delivery = Delivery(rows or Rows(), web, signing_key, settings, clock=LoopClock(), node="one", chance=lambda: 0.5)
    task = asyncio.get_running_loop().create_task(delivery.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    try:
        yield delivery
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


def states(delivery):
    return [change["state"] for change in delivery.outbox._changes.values()]


def test_a_callback_arrives_signed_and_with_a_token_that_stays_the_same():
    async def scene():
        web = Applications()
        web.answers["a.example"] = [503, 200]
        async with delivering(web) as delivery:
            delivery._admit_all([callback()])
            await asyncio.sleep(5)
            assert states(delivery) == ["delivered"]
            assert delivery.undelivered == 0
        (_, first), (_, second) = web.asked
        assert first.headers == second.headers == {"I-Twilio-Idempotency-Token": callback().sid}
        signature = first.signer(first.url, first.form)["X-Twilio-Signature"]
        assert RequestValidator("12345").validate(first.url, dict(first.form), signature)

    run(scene())


def test_pauses_double_up_to_a_limit_and_then_the_callback_is_dead():
    async def scene():
        web = Applications()
        web.takes["a.example"] = 0.0
        web.answers["a.example"] = [OutboundError(OutboundFault.CONNECT, "nobody"), 500]
        async with delivering(web) as delivery:
            delivery._admit_all([callback()])
            await asyncio.sleep(60)
            times = [round(at, 2) for at, _ in web.asked]
            assert [later - earlier for earlier, later in zip(times, times[1:], strict=False)] == [1.0, 2.0, 3.0]
            (change,) = delivery.outbox._changes.values()
            assert change["state"] == deliveries.DEAD
            assert [line.get("error") or line["status"] for line in change["attempts"]] == ["nobody", 500, 500, 500]

    run(scene())


@pytest.mark.parametrize(
    "answer", [410, OutboundError(OutboundFault.BAD_URL, "x"), OutboundError(OutboundFault.FORBIDDEN, "x")]
)
def test_what_will_never_work_is_not_tried_again(answer):
    async def scene():
        web = Applications()
        web.answers["a.example"] = [answer]
        async with delivering(web) as delivery:
            delivery._admit_all([callback()])
            await asyncio.sleep(60)
            assert len(web.asked) == 1
            assert states(delivery) == ["dead"]

    run(scene())


def test_a_slow_application_delays_nobody_elses_callbacks():
    async def scene():
        web = Applications()
        web.takes["slow.example"] = 100.0
        async with delivering(web) as delivery:
            slow = [callback(number, host="slow.example", call=number) for number in range(1, 11)]
            delivery._admit_all(
                [*slow, *(callback(number, host="fast.example", call=number) for number in range(11, 31))]
            )
            await asyncio.sleep(1)
            assert states(delivery) == ["delivered"] * 20
            assert web.most_busy == {"slow.example": 2, "fast.example": 2}

    run(scene())


def test_callbacks_of_a_call_go_out_in_order_but_a_failed_one_holds_up_no_other():
    async def scene():
        web = Applications()
        web.answers["a.example"] = [500, 200]
        async with delivering(web) as delivery:
            delivery._admit_all([callback(number, sequence=number) for number in (1, 2, 3)])
            await asyncio.sleep(5)
            assert web.paths() == ["1", "2", "3", "1"]
            assert web.most_busy["a.example"] == 1

    run(scene())


def test_what_a_crash_left_in_the_database_is_delivered_at_the_next_start():
    async def scene():
        web = Applications()
        late = row(2, attempts=[{"number": 1, "status": 500}], due_at=NOW + timedelta(seconds=1030))
        async with delivering(web, Rows([row(1), late])) as delivery:
            await asyncio.sleep(60)
            assert web.paths() == ["1", "2"]
            assert web.asked[1][0] - web.asked[0][0] > 29
            assert states(delivery) == ["delivered", "delivered"]

    run(scene())


def test_memory_is_bounded_and_the_rest_waits_in_the_database():
    async def scene():
        web = Applications()
        rows = Rows([row(number) for number in range(1, 501)])
        async with delivering(web, rows) as delivery:
            most = 0
            for _ in range(400):
                await asyncio.sleep(0.02)
                most = max(most, delivery.undelivered)
            assert most == 100
            assert len(set(web.paths())) == len(web.paths()) == 500

    run(scene())


def test_a_database_that_is_away_at_the_start_only_delays():
    async def scene():
        web, rows = Applications(), Rows([row(1)])
        rows.outages = 3
        async with delivering(web, rows):
            await asyncio.sleep(60)
            assert web.paths() == ["1"]

    run(scene())


def test_an_account_that_is_gone_and_a_broken_key_stop_nobody_else():
    async def scene():
        def broken():
            raise LookupError("no key")

        web = Applications()
        async with delivering(web, key=None) as delivery:
            delivery._admit_all([callback()])
            await asyncio.sleep(1)
            assert states(delivery) == ["dead"]
        async with delivering(web, settings=replace(SETTINGS, attempts=2), key=broken) as delivery:
            delivery._admit_all([callback()])
            await asyncio.sleep(10)
            assert states(delivery) == ["dead"]
        assert web.asked == []

    run(scene())


def test_a_row_whose_url_is_none_dies_alone():
    async def scene():
        web = Applications()
        web.answers["[::1"] = [OutboundError(OutboundFault.BAD_URL, "no URL")]
        left = [row(1, url="http://[::1/1"), row(2)]
        async with delivering(web, Rows(left)) as delivery:
            await asyncio.sleep(1)
            assert states(delivery) == ["dead", "delivered"]

    run(scene())


def test_after_everything_was_delivered_nothing_is_remembered():
    async def scene():
        web = Applications()
        async with delivering(web) as delivery:
            delivery._admit_all([callback(number, host=f"h{number % 7}", call=number // 3) for number in range(90)])
            await asyncio.sleep(10)
            assert not delivery._known
            assert not delivery._lanes
            assert not delivery._queues
            assert not delivery._timers

    run(scene())
