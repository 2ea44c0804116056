from __future__ import annotations

from offhook.sip.events import PingAnswered
from tests.sip.cluster import Cluster


def ping(cluster: Cluster) -> None:
    cluster.endpoint.ping("sip:example", cluster.now, cluster.flows)
    cluster.settle()


def code(cluster: Cluster) -> int | None:
    (answered,) = cluster.of(PingAnswered)
    return answered.code


def test_a_request_goes_from_server_to_server_until_one_responds() -> None:
    cluster = Cluster(servers=4)
    ping(cluster)
    cluster.fails(1)
    cluster.answers(2, 503, "OPTIONS")
    cluster.run(4.0)
    assert cluster.of(PingAnswered) == []
    cluster.answers(4, 200, "OPTIONS")
    assert cluster.requests() == ["OPTIONS 1", "OPTIONS 2", "OPTIONS 3", "OPTIONS 4"]
    assert code(cluster) == 200
    assert len({cluster.request(server, "OPTIONS").via.branch for server in (1, 2, 3, 4)}) == 4
    cluster.run()
    assert cluster.endpoint.idle


def test_the_last_thing_heard_is_told_when_no_server_helps() -> None:
    cluster = Cluster()
    ping(cluster)
    cluster.answers(1, 503, "OPTIONS")
    cluster.run(4.0)
    assert code(cluster) == 503


def test_servers_that_all_are_silent_are_given_up_in_turn() -> None:
    cluster = Cluster()
    ping(cluster)
    cluster.run(8.0)
    assert code(cluster) is None
    cluster.run()
    assert cluster.endpoint.idle


def test_a_response_that_comes_after_the_time_is_nobodys() -> None:
    cluster = Cluster()
    ping(cluster)
    cluster.run(4.0)
    cluster.answers(1, 200, "OPTIONS")
    assert cluster.of(PingAnswered) == []
    cluster.answers(2, 404, "OPTIONS")
    assert code(cluster) == 404


def test_servers_that_asked_for_a_pause_are_asked_when_there_is_no_other() -> None:
    cluster = Cluster()
    ping(cluster)
    cluster.answers(1, 503, "OPTIONS", headers=(("Retry-After", "9"),))
    cluster.answers(2, 200, "OPTIONS")
    cluster.sent.clear()
    ping(cluster)
    assert cluster.requests() == ["OPTIONS 2"]
    cluster.answers(2, 503, "OPTIONS", headers=(("Retry-After", "9"),))
    cluster.sent.clear()
    ping(cluster)
    assert cluster.requests() == ["OPTIONS 1"]
