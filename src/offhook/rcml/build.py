"""Build documents in Python, with every attribute typed: ``str(Response(Say("Hello"), Hangup()))``.

Made by tools/gen_rcml.py from src/offhook/rcml/verbs; edit the classes there. What an attribute may hold is checked when it
is given; one that is not given is not written, so the defaults of the verbs hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from offhook.rcml.building import BuiltElement, Response

__all__ = [
    "Client",
    "Conference",
    "Dial",
    "Echo",
    "Gather",
    "Hangup",
    "Number",
    "Pause",
    "Play",
    "Record",
    "Redirect",
    "Reject",
    "Response",
    "Say",
    "Sip",
]


class Client(BuiltElement):
    """A registered client: all its phones ring.

    status_callback: Where the progress of this call is reported.
    status_callback_method: How it is reported.
    status_callback_event: What is reported, separated by blanks or commas.
    """

    def __init__(
        self,
        *content: str,
        status_callback: str | None = None,
        status_callback_method: Literal["GET", "POST"] | None = None,
        status_callback_event: Sequence[Literal["initiated", "ringing", "answered", "completed"]] | None = None,
    ) -> None:
        super().__init__(
            *content,
            status_callback=status_callback,
            status_callback_method=status_callback_method,
            status_callback_event=status_callback_event,
        )


class Conference(BuiltElement):
    """A conference: all calls of the account that dial the same name hear each other. It takes the place of all
        other nouns.

    muted: Whether the caller only listens.
    beep: When the others hear a sound: as the caller enters and exits, only ``onEnter``, only ``onExit``, or
        never.
    start_conference_on_enter: Whether the conference starts with the caller. Until somebody starts it, all hear
        music and not each other.
    end_conference_on_exit: Whether the conference ends for all when the caller leaves it.
    wait_url: What is heard until the conference starts and while the caller is held: a sound file, or a document
        of Say, Play, Pause and Redirect, over and over. Empty: silence. Absent: ``calls.hold_music``, or a quiet
        sound now and then.
    wait_method: How it is asked.
    max_participants: Participants; a caller who would be one more goes on with the next verb. 40 when absent, 250
        under the version 2010-04-01; never more than ``calls.conference_participants``.
    record: Whether all that is said is recorded, from the start of the conference to its end. The first caller
        decides.
    coach: The call that alone hears the caller; the caller hears all.
    participant_label: Another name of the caller, for the REST API and callbacks.
    status_callback: Where the conference reports; the first caller decides.
    status_callback_method: How it reports.
    status_callback_event: What it reports, separated by blanks or commas.
    """

    def __init__(
        self,
        *content: str,
        muted: bool | None = None,
        beep: Literal["true", "false", "onEnter", "onExit"] | None = None,
        start_conference_on_enter: bool | None = None,
        end_conference_on_exit: bool | None = None,
        wait_url: str | None = None,
        wait_method: Literal["GET", "POST"] | None = None,
        max_participants: int | None = None,
        record: Literal["do-not-record", "record-from-start"] | None = None,
        coach: str | None = None,
        participant_label: str | None = None,
        status_callback: str | None = None,
        status_callback_method: Literal["GET", "POST"] | None = None,
        status_callback_event: Sequence[
            Literal["start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"]
        ]
        | None = None,
    ) -> None:
        super().__init__(
            *content,
            muted=muted,
            beep=beep,
            start_conference_on_enter=start_conference_on_enter,
            end_conference_on_exit=end_conference_on_exit,
            wait_url=wait_url,
            wait_method=wait_method,
            max_participants=max_participants,
            record=record,
            coach=coach,
            participant_label=participant_label,
            status_callback=status_callback,
            status_callback_method=status_callback_method,
            status_callback_event=status_callback_event,
        )


class Dial(BuiltElement):
    """Connect the caller with somebody else. Several nouns ring at once, the first who answers is connected.

    action: Told what came of it, also when the caller hung up; its answer is the next document.
    method: How the action is asked.
    timeout: Seconds of ringing.
    time_limit: Seconds of conversation.
    caller_id: What the far end sees as the caller; the caller's own address when absent.
    answer_on_bridge: Whether the caller is answered only when the far end is; until then the caller hears the
        ringing or the announcements of the far end (early media), and is not charged for them.
    ring_tone: Country whose ringing the caller hears until somebody answers, in place of the usual one and of
        announcements of the far end.
    hangup_on_star: Whether the caller's ``*`` ends the conversation; the call then goes on.
    record: Whether the conversation is recorded: both voices mixed, or one on each channel (dual). It goes on
        with whoever a transfer puts in the place of one of them.
    """

    def __init__(
        self,
        *content: str | Client | Conference | Number | Sip,
        action: str | None = None,
        method: Literal["GET", "POST"] | None = None,
        timeout: int | None = None,
        time_limit: int | None = None,
        caller_id: str | None = None,
        answer_on_bridge: bool | None = None,
        ring_tone: str | None = None,
        hangup_on_star: bool | None = None,
        record: Literal["do-not-record", "record-from-answer", "record-from-answer-dual"] | None = None,
    ) -> None:
        super().__init__(
            *content,
            action=action,
            method=method,
            timeout=timeout,
            time_limit=time_limit,
            caller_id=caller_id,
            answer_on_bridge=answer_on_bridge,
            ring_tone=ring_tone,
            hangup_on_star=hangup_on_star,
            record=record,
        )


class Echo(BuiltElement):
    """Send back what the caller says, until the call ends or is redirected."""

    def __init__(self) -> None:
        super().__init__()


class Gather(BuiltElement):
    """Collect keys, and hand them to the application. The first key stops the prompt.

    action: Where the keys are sent; its answer is the next document. Without one the next verb runs.
    method: How the action is asked.
    timeout: Seconds to wait for the first key after the prompt, and for each further key.
    finish_on_key: Keys that end the input and are not part of it; empty: none does.
    start_input_key: Keys that may come first; others are ignored until one of these was pressed.
    num_digits: How many keys end the input.
    input: What is listened to.
    barge_in: Whether a key stops the prompt.
    action_on_empty_result: Whether the action is asked even when no key was pressed.
    """

    def __init__(
        self,
        *content: Pause | Play | Say,
        action: str | None = None,
        method: Literal["GET", "POST"] | None = None,
        timeout: int | None = None,
        finish_on_key: str | None = None,
        start_input_key: str | None = None,
        num_digits: int | None = None,
        input: Sequence[Literal["dtmf", "speech"]] | None = None,
        barge_in: bool | None = None,
        action_on_empty_result: bool | None = None,
    ) -> None:
        super().__init__(
            *content,
            action=action,
            method=method,
            timeout=timeout,
            finish_on_key=finish_on_key,
            start_input_key=start_input_key,
            num_digits=num_digits,
            input=input,
            barge_in=barge_in,
            action_on_empty_result=action_on_empty_result,
        )


class Hangup(BuiltElement):
    """End the call. As the first verb it answers before it hangs up; <Reject> does not."""

    def __init__(self) -> None:
        super().__init__()


class Number(BuiltElement):
    """A telephone number, through the configured gateway.

    send_digits: Keys sent when answered, before the two are connected; ``w`` waits half a second, ``W`` a second.
    status_callback: Where the progress of this call is reported.
    status_callback_method: How it is reported.
    status_callback_event: What is reported, separated by blanks or commas.
    """

    def __init__(
        self,
        *content: str,
        send_digits: str | None = None,
        status_callback: str | None = None,
        status_callback_method: Literal["GET", "POST"] | None = None,
        status_callback_event: Sequence[Literal["initiated", "ringing", "answered", "completed"]] | None = None,
    ) -> None:
        super().__init__(
            *content,
            send_digits=send_digits,
            status_callback=status_callback,
            status_callback_method=status_callback_method,
            status_callback_event=status_callback_event,
        )


class Pause(BuiltElement):
    """Wait; as the first verb, before the call is answered.

    length: Seconds.
    """

    def __init__(self, *, length: int | None = None) -> None:
        super().__init__(length=length)


class Play(BuiltElement):
    """Play a sound file to the caller.

    loop: How many times; 0 repeats until the call ends.
    digits: Keys to send before the file; ``w`` waits half a second, ``W`` a second.
    """

    def __init__(self, *content: str, loop: int | None = None, digits: str | None = None) -> None:
        super().__init__(*content, loop=loop, digits=digits)


class Record(BuiltElement):
    """Record the caller, and hand the recording's URL to the application.

    action: Where the recording is announced, also when the caller hung up; its answer is the next document.
    method: How the action is asked.
    timeout: Seconds of silence that end the recording; 0: none do.
    finish_on_key: Keys that end the recording; empty or ``-1``: none does.
    max_length: Seconds.
    play_beep: Whether a beep tells the caller to start.
    trim: Whether silence at both ends is cut.
    """

    def __init__(
        self,
        *,
        action: str | None = None,
        method: Literal["GET", "POST"] | None = None,
        timeout: int | None = None,
        finish_on_key: str | None = None,
        max_length: int | None = None,
        play_beep: bool | None = None,
        trim: Literal["trim-silence", "do-not-trim"] | None = None,
    ) -> None:
        super().__init__(
            action=action,
            method=method,
            timeout=timeout,
            finish_on_key=finish_on_key,
            max_length=max_length,
            play_beep=play_beep,
            trim=trim,
        )


class Redirect(BuiltElement):
    """Go on with another document; what follows in this one is never reached. Leaves a ringing call ringing.

    method: How it is asked for.
    """

    def __init__(self, *content: str, method: Literal["GET", "POST"] | None = None) -> None:
        super().__init__(*content, method=method)


class Reject(BuiltElement):
    """Refuse the call; an answered one is hung up. What follows is never reached.

    reason: ``rejected`` is SIP 603, ``busy`` SIP 486.
    """

    def __init__(self, *, reason: Literal["rejected", "busy"] | None = None) -> None:
        super().__init__(reason=reason)


class Say(BuiltElement):
    """Speak text to the caller.

    voice: ``man``, ``woman`` or the name of a voice of the configured speech engine.
    language: Language of the text.
    loop: How many times; 0 repeats until the call ends.
    """

    def __init__(
        self, *content: str, voice: str | None = None, language: str | None = None, loop: int | None = None
    ) -> None:
        super().__init__(*content, voice=voice, language=language, loop=loop)


class Sip(BuiltElement):
    """A SIP address anywhere.

    username: For the digest challenge of the far end.
    password: For the digest challenge of the far end.
    status_callback: Where the progress of this call is reported.
    status_callback_method: How it is reported.
    status_callback_event: What is reported, separated by blanks or commas.
    """

    def __init__(
        self,
        *content: str,
        username: str | None = None,
        password: str | None = None,
        status_callback: str | None = None,
        status_callback_method: Literal["GET", "POST"] | None = None,
        status_callback_event: Sequence[Literal["initiated", "ringing", "answered", "completed"]] | None = None,
    ) -> None:
        super().__init__(
            *content,
            username=username,
            password=password,
            status_callback=status_callback,
            status_callback_method=status_callback_method,
            status_callback_event=status_callback_event,
        )
