"""Waiting, always bounded: a condition is polled until it holds or the time is up."""
import time


class TimeOut(AssertionError):
    """Something did not come true in time."""


def until(condition, what, seconds=30.0, every=0.05, tail=None):
    """Polls `condition` until it is true, and returns what it returned.

    `what` names what is waited for; `tail` is a function that gives context for the message
    when the time is up (the end of a log).
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            context = tail() if tail else ""
            raise TimeOut(f"waited {seconds:g} s for {what}\n{context}".rstrip())
        time.sleep(every)
