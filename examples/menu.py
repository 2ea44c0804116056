"""An application for offhook, in Flask: a menu, a voice mail, an echo and a call to somebody else.

offhook asks a URL for each step of a call and does what the answer says.
"""

from flask import Flask, request

app = Flask(__name__)


def rcml(verbs):
    return f"<Response>{verbs}</Response>", {"Content-Type": "application/xml"}


@app.post("/menu")
def menu():
    return rcml(
        '<Gather numDigits="1" timeout="8" action="/choice">'
        "<Say>Welcome to offhook. Press 1 for the time of day, or 2 for a tone.</Say></Gather>"
        "<Say>I did not hear a key. Goodbye.</Say>"
    )


@app.post("/choice")
def choice():
    match request.form["Digits"]:
        case "1":
            return rcml("<Say>It is time to build something. Goodbye.</Say>")
        case "2":
            return rcml('<Play digits="2580"/><Say>That was a tone. Goodbye.</Say>')
    return rcml("<Say>That is not on the menu.</Say><Redirect>/menu</Redirect>")


@app.post("/record")
def record():
    return rcml(
        "<Say>Speak after the beep, then press the hash key.</Say>"
        '<Record action="/recorded" maxLength="30" timeout="5" finishOnKey="#"/>'
    )


@app.post("/recorded")
def recorded():
    return rcml(f"<Say>You said:</Say><Play>{request.form['RecordingUrl']}</Play><Say>Goodbye.</Say>")


@app.post("/echo")
def echo():
    return rcml("<Say>You will hear yourself.</Say><Echo/>")


@app.post("/dial")
def dial():
    return rcml('<Dial timeout="20" action="/dialled"><Client>alice</Client></Dial>')


@app.post("/dialled")
def dialled():
    return rcml(f"<Say>The call to Alice ended: {request.form['DialCallStatus']}. Goodbye.</Say>")
