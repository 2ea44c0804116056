"""What remains of a call: the journal takes the events of all calls and writes them in shared transactions.

Journal: the ``EventLog`` that calls publish to. Recorder: the journal's writer of call records. Directory: what calls may
ask of the database. Recovery: ends what a crash left behind.
"""
