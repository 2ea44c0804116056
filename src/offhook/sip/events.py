"""What the endpoint tells its owner: facts about calls and requests, in the order in which they happened.

Every ``CallHandle`` that ``IncomingCall`` brought or ``invite()`` gave ends in exactly one ``CallEnded``. An SDP body
is handed over as the bytes that came; its meaning is the business of ``offer.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.refer import ReferTo, TargetDialog
from offhook.sip.registration import Answer

CallHandle = NewType("CallHandle", int)
"""Names one call of one endpoint: a dialog in being or made, from INVITE to the end. Never used twice."""

RequestHandle = NewType("RequestHandle", int)
"""Names a request outside calls that waits for ``reply`` or ``challenge``, or one of ours that waits for its answer."""


SubscriptionHandle = NewType("SubscriptionHandle", int)
"""Names a request for notifications (REFER, SUBSCRIBE) and the subscription that it becomes."""


class EndCause(Enum):
    """Why a call is over."""

    BYE = "the far end hung up"
    CANCELED = "the caller gave up before we answered"
    REFUSED_BY_US = "we refused the incoming call"
    REFUSED_BY_THEM = "the far end refused our call"
    HANGUP = "we hung up or cancelled"
    NO_RESPONSE = "the far end did not respond"
    NO_PROGRESS = "the far end took our INVITE and then said nothing of it"
    NO_ACK = "the far end never acknowledged our answer"
    UNREACHABLE = "the far end could not be reached"
    GONE = "the far end no longer knows the call"
    EXPIRED = "the session timer ran out: the far end did not refresh the call"
    NO_PRACK = "the far end never acknowledged our provisional response"
    SHUTDOWN = "the endpoint stopped"

    @property
    def by_far_end(self) -> bool:
        """Whether it was not our doing."""
        return self not in (EndCause.REFUSED_BY_US, EndCause.HANGUP, EndCause.SHUTDOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """An INVITE outside any dialog; 100 Trying is already on its way. Next: ``ring``, ``answer``, ``refuse`` or ``challenge``."""

    call: CallHandle
    request: Request
    source: Flow
    offer: bytes | None
    """SDP of the INVITE; None asks that our answer carries the offer."""
    reliable: bool = False
    """Whether the caller takes reliable provisional responses: then ``ring`` may carry our offer, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging:
    """A provisional response above 100 to our INVITE. Its To tag names the early dialog: a fork brings several."""

    call: CallHandle
    response: Response
    sdp: bytes | None
    """Early media; None also where the answer has been given already."""
    answer_due: bool = False
    """Whether ``sdp`` is their offer to our INVITE without SDP: then ``acknowledge(call, sdp)`` must follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    """A 2xx to our INVITE. It is acknowledged already, unless our INVITE had no SDP: then ``sdp`` is their offer, and
    ``acknowledge(call, sdp)`` must follow.
    """

    call: CallHandle
    response: Response
    sdp: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConfirmed:
    """The ACK for our 2xx arrived: the call that we answered stands."""

    call: CallHandle
    sdp: bytes | None
    """Their answer, when our 2xx carried the offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReceived:
    """A re-INVITE, an UPDATE or a PRACK with an offer, also before the answer. Next: ``accept_offer`` or ``refuse_offer``."""

    call: CallHandle
    request: Request
    offer: bytes | None
    """None asks us to make the offer; its answer comes as ``OfferAnswered``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered:
    """The answer to an offer that we made in mid-call, or in a reliable provisional response."""

    call: CallHandle
    sdp: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRefused:
    """Our re-INVITE or UPDATE failed; the session goes on as it was."""

    call: CallHandle
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived:
    """A key by INFO (``application/dtmf-relay`` or ``application/dtmf``); 200 has been sent."""

    call: CallHandle
    digit: str
    """One of ``0-9*#A-D``."""
    duration: float
    """Seconds; 0.1 where the sender gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoAnswered:
    """The final status of an INFO that we sent; 408 when none came."""

    call: CallHandle
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """Nothing follows for this call."""

    call: CallHandle
    cause: EndCause
    code: int | None = None
    """Final response to the INVITE, theirs or ours; None after a BYE."""
    message: Request | Response | None = None
    """Their last word: the BYE, the CANCEL, the refusal, the response to our BYE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReceived:
    """A REGISTER. Next: ``reply`` or ``challenge``; unanswered ones get 500 after ``SipSettings.reply_limit``."""

    handle: RequestHandle
    request: Request
    source: Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLost:
    """A connection over which messages came is gone, or was found gone: what is bound to it is out of reach (RFC 5626 §5.3)."""

    flow: Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class PingAnswered:
    """The final status of an OPTIONS that we sent; None when nobody answered."""

    handle: RequestHandle
    code: int | None
    response: Response | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferReceived:
    """A REFER. Next: ``accept_refer``, then ``tell_refer`` until a final status; or ``refuse_refer`` (or
    ``challenge`` outside of dialogs). Undecided ones get 500
    after ``SipSettings.reply_limit``.
    """

    handle: SubscriptionHandle
    call: CallHandle | None
    """In whose dialog it came; None for one outside of dialogs."""
    request: Request
    source: Flow
    refer_to: ReferTo
    about: TargetDialog | None = None
    """The dialog that one outside of dialogs is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferTold:
    """What came of the call that we asked the far end to make: the final status of that call, or of our REFER itself."""

    call: CallHandle
    code: int
    taken: bool
    """Whether the far end took our REFER on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeReceived:
    """A SUBSCRIBE that asks for a new subscription. Next: ``accept_subscription`` and at once ``notify``; or
    ``refuse_subscription``, or ``challenge``. Undecided ones get 500 after ``SipSettings.reply_limit``.
    """

    handle: SubscriptionHandle
    package: str
    """One of ``notifying.PACKAGES``."""
    request: Request
    source: Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A MESSAGE (RFC 3428). Next: ``reply`` or ``challenge``; unanswered ones get 500 after ``SipSettings.reply_limit``."""

    handle: RequestHandle
    request: Request
    source: Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnswered:
    """The final status of a MESSAGE that we sent; None when nobody answered."""

    handle: RequestHandle
    code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEnded:
    """A subscription of theirs is over, for whatever reason; telling it more does nothing."""

    handle: SubscriptionHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAnswered:
    """What came of a REGISTER that we sent."""

    handle: RequestHandle
    answer: Answer
    server: Flow
    """Where it was sent."""


Event = (
    IncomingCall
    | CallRinging
    | CallAnswered
    | CallConfirmed
    | OfferReceived
    | OfferAnswered
    | OfferRefused
    | DigitReceived
    | InfoAnswered
    | CallEnded
    | RegisterReceived
    | FlowLost
    | PingAnswered
    | RegisterAnswered
    | ReferReceived
    | ReferTold
    | SubscribeReceived
    | SubscriptionEnded
    | MessageReceived
    | MessageAnswered
)
