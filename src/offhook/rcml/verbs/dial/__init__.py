"""<Dial>: connect the caller with somebody else; ``nouns`` are whom it can dial, ``conference`` is where many meet.

All nouns ring at once, the first who answers is connected. How they ring is the business of ``calls.dial``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

from offhook.calls.dialing import (
    ClientTarget,
    DialOutcome,
    DialRecording,
    DialRequest,
    DialStatus,
    DialTarget,
    NumberTarget,
    SipTarget,
)
from offhook.media.progress_tones import countries
from offhook.rcml.context import Context, Dialect
from offhook.rcml.errors import Code, VerbFailed
from offhook.rcml.outcome import BEFORE_ANSWER, ON_THE_LINE, Goto, Method, Need, Next, Outcome, Parameters, Stop
from offhook.rcml.schema import Also, Between, Matching, Nest, Text, Url, verb
from offhook.rcml.verbs.dial.conference import Conference
from offhook.rcml.verbs.dial.nouns import Client, Headers, Number, Sip, Target, noun_of

NOUNS_LIMIT: Final = 10


_RECORD_SPELLINGS: Final = {
    "true": DialRecording.MIXED,
    "false": DialRecording.NO,
    "record-from-ringing": DialRecording.MIXED,
    "record-from-ringing-dual": DialRecording.DUAL,
}
CallerId = Annotated[str, Matching(r"[^\s<>\"]{1,255}", "a number, client:login or sip:user@host, without blanks")]

_COUNTRIES: Final = "|".join(name for country in countries() for name in (country.lower(), country))
RingTone = Annotated[str, Matching(_COUNTRIES, "a country that has tones, such as de, uk or us-old")]


@verb
class Dial:
    """Connect the caller with somebody else. Several nouns ring at once, the first who answers is connected."""

    text: Text = ""
    """Whom to dial when there is no noun: a number, ``client:login`` or a SIP address."""
    action: Url | None = None
    """Told what came of it, also when the caller hung up; its answer is the next document."""
    method: Method = Method.POST
    """How the action is asked."""
    timeout: Annotated[int, Between(1, 600)] = 30
    """Seconds of ringing."""
    time_limit: Annotated[int, Between(1, 86_400)] = 14_400
    """Seconds of conversation."""
    caller_id: CallerId | None = None
    """What the far end sees as the caller; the caller's own address when absent."""
    answer_on_bridge: bool = False
    """Whether the caller is answered only when the far end is; until then the caller hears the ringing or the announcements
    of the far end (early media), and is not charged for them."""
    ring_tone: RingTone | None = None
    """Country whose ringing the caller hears until somebody answers, in place of the usual one and of announcements of the far end."""
    hangup_on_star: bool = False
    """Whether the caller's ``*`` ends the conversation; the call then goes on."""
    record: Annotated[DialRecording, Also(_RECORD_SPELLINGS)] = DialRecording.NO
    """Whether the conversation is recorded: both voices mixed, or one on each channel (dual). It goes on with whoever a
    transfer puts in the place of one of them."""
    nouns: Annotated[tuple[Target | Conference, ...], Nest(Number, Client, Sip, Conference)] = ()
    """Whom to ring, or where to meet."""

    listens: ClassVar[bool] = True

    @property
    def last(self) -> bool:
        """Another document follows."""
        return self.action is not None

    def advice(self) -> Iterator[str]:
        """What is odd about it."""
        if not self.nouns and not self.text:
            yield "dials nobody; write a number as its text, or put <Number>, <Client>, <Sip> or <Conference> into it"
        if self.nouns and self.text:
            yield f'has nouns, so its text "{self.text}" is not dialled; put it into a <Number>'

    @property
    def needs(self) -> frozenset[Need]:
        """An answered call, unless the answer waits for that of the far end; a conference does not answer."""
        meets = any(isinstance(noun, Conference) for noun in self.nouns)
        return BEFORE_ANSWER if self.answer_on_bridge and not meets else ON_THE_LINE

    async def run(self, ctx: Context) -> Outcome:
        conference = next((noun for noun in self.nouns if isinstance(noun, Conference)), None)
        if conference is not None:
            return await self._meet(ctx, conference)
        targets, headers = self._targets(ctx)
        if targets:
            ctx.transcript.heard("dial", ", ".join(_shown(target) for target in targets))
            outcome = await ctx.dialer.dial(
                DialRequest(
                    targets=targets,
                    caller_id=self.caller_id,
                    timeout=self.timeout,
                    time_limit=self.time_limit,
                    hangup_on_star=self.hangup_on_star,
                    ring_tone=self.ring_tone or "",
                    record=self.record,
                    headers=headers,
                )
            )
            ctx.keys.flush()
            for reason in outcome.not_rung:
                ctx.notices.warning(Code.DIAL_NOT_CONNECTED, f"<Dial>: {reason}")
            if outcome.call_sid is not None and outcome.status is DialStatus.FAILED:
                ctx.notices.warning(Code.DIAL_NOT_CONNECTED, f"<Dial>: {outcome.reason}")
            return self._follow(ctx, outcome)
        if self.nouns:
            return self._follow(ctx, None)
        return Next()

    async def _meet(self, ctx: Context, conference: Conference) -> Outcome:
        entry = conference.entry(ctx, record=self.record is not DialRecording.NO)
        ctx.transcript.heard("dial", f"conference {entry.name}")
        request = DialRequest(conference=entry, time_limit=self.time_limit, hangup_on_star=self.hangup_on_star)
        outcome = await ctx.dialer.dial(request)
        ctx.keys.flush()
        if not outcome.bridged:
            ctx.notices.warning(Code.DIAL_NOT_CONNECTED, f"<Conference>: {outcome.reason}")
        return Next() if self.action is None else self._ask(ctx, self.action, outcome)

    async def after_hangup(self, ctx: Context) -> Outcome:
        """The application learns what came of the dial that the caller left."""
        return Next() if self.action is None else self._ask(ctx, self.action, ctx.dialer.last)

    def _targets(self, ctx: Context) -> tuple[tuple[DialTarget, ...], Headers]:
        """Those that can be dialled; the others are noticed and left out."""
        nouns = [noun for noun in self.nouns if not isinstance(noun, Conference)]
        if not nouns and self.text:
            nouns.append(noun_of(self.text))
        if len(nouns) > NOUNS_LIMIT:
            ctx.notices.warning(
                Code.DIAL_NOT_CONNECTED, f"<Dial>: only the first {NOUNS_LIMIT} of {len(nouns)} nouns are dialled"
            )
        targets: list[DialTarget] = []
        headers: dict[str, str] = {}
        for each in nouns[:NOUNS_LIMIT]:
            try:
                target, extra = each.target(ctx)
            except VerbFailed as failure:
                ctx.notices.error(failure.code, str(failure))
                continue
            targets.append(target)
            headers.update(extra)
        return tuple(targets), tuple(headers.items())

    def _follow(self, ctx: Context, outcome: DialOutcome | None) -> Outcome:
        if self.action is not None:
            return self._ask(ctx, self.action, outcome)
        spoke = outcome is not None and outcome.bridged
        if spoke and ctx.dialect is Dialect.RESTCOMM and not self.hangup_on_star:
            return Stop(reason="the party that was dialled hung up")
        return Next()

    def _ask(self, ctx: Context, action: str, outcome: DialOutcome | None) -> Outcome:
        return Goto(url=action, method=self.method, parameters=_parameters(ctx, outcome))


def _shown(target: DialTarget) -> str:
    match target:
        case NumberTarget(number=number):
            return number
        case ClientTarget(login=login):
            return f"client:{login}"
        case SipTarget(uri=uri):
            return uri


def _parameters(ctx: Context, outcome: DialOutcome | None) -> Parameters:
    if outcome is not None and outcome.conference_sid is not None:
        named = (("DialCallStatus", outcome.status.value), ("DialCallDuration", str(outcome.duration)))
        return () if ctx.dialect is Dialect.RESTCOMM else (*named, ("ConferenceSid", outcome.conference_sid))
    absent: Parameters = (("DialCallSid", "null"),) if ctx.dialect is Dialect.RESTCOMM else ()
    if outcome is None:
        return (("DialCallStatus", "failed"), *absent, ("DialCallDuration", "0"), ("DialRingDuration", "0"))
    said: list[tuple[str, str]] = [("DialCallStatus", outcome.status.value)]
    said.extend(absent if outcome.call_sid is None else (("DialCallSid", outcome.call_sid),))
    said.append(("DialCallDuration", str(outcome.duration)))
    said.append(("DialRingDuration", str(outcome.ring_duration)))
    said.append(("DialBridged", "true" if outcome.bridged else "false"))
    if outcome.recording_sid is not None:
        url = ctx.dialer.recording_url(outcome.recording_sid)
        said.append(("RecordingUrl", url))
        if ctx.dialect is Dialect.RESTCOMM:
            said.append(("PublicRecordingUrl", url))
        said.append(("RecordingSid", outcome.recording_sid))
        said.append(("RecordingDuration", str(round(outcome.recording_duration / 1000))))
    if outcome.sip_call_id is not None:
        said.append(("DialSipCallId", outcome.sip_call_id))
    if outcome.sip_code is not None:
        said.append(("DialSipResponseCode", str(outcome.sip_code)))
    said.extend((f"DialSipHeader_{name}", value) for name, value in outcome.sip_headers)
    return tuple(said)
