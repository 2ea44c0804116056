import pytest

from offhook.store.settings import StoreSettings


@pytest.mark.parametrize("connections", [0, 101])
def test_a_pool_without_connections_or_without_bound_is_refused(connections: int) -> None:
    with pytest.raises(ValueError, match="store.connections"):
        StoreSettings(connections=connections)
    assert StoreSettings(connections=100).connections == 100
