"""Documents that tell a call what to do: RCML, and TwiML with it.

Document: XML read into typed verbs. Verb: a dataclass that is its own specification, and a coroutine. Context: the ports that
a verb may touch. Outcome: what follows. Interpreter: runs one verb after the other and names none.
"""
