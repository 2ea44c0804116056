"""The resources of the API: the list is explicit, one module each."""

from __future__ import annotations

from typing import Final

from offhook.api.resources import (
    accounts,
    applications,
    bans,
    call_recordings,
    calls,
    clients,
    conferences,
    event_stream,
    incoming_phone_numbers,
    keys,
    limits,
    notifications,
    organizations,
    origination_urls,
    participants,
    quality,
    recordings,
    routes,
    signalling,
    tokens,
    trunk_states,
    trunk_tests,
    trunks,
    version,
)

ROUTERS: Final = (
    accounts.router,
    organizations.router,
    keys.router,
    calls.router,
    event_stream.router,
    signalling.router,
    quality.router,
    incoming_phone_numbers.router,
    applications.router,
    clients.router,
    recordings.router,
    conferences.router,
    participants.router,
    call_recordings.router,
    notifications.router,
    limits.router,
    bans.router,
    trunks.router,
    origination_urls.router,
    routes.router,
    trunk_states.router,
    trunk_tests.router,
    tokens.router,
    version.router,
)
