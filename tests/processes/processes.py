"""The processes of functions: which there are, and their deaths."""
import os
import signal
import threading
import time
from pathlib import Path


def running(server, folder):
    """The processes of a function that `server` has started."""
    program = str((Path(folder) / "bootstrap").resolve())
    return [pid for pid in children(server.process.pid) if program_of(pid) == program]


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue  # the thread has ended
    return found


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None


def at_work(processes):
    """Those of these processes that have worked just now."""
    before = {pid: ticks(pid) for pid in processes}
    time.sleep(0.03)
    return [pid for pid, earlier in before.items() if ticks(pid) != earlier]


def ticks(pid):
    """The processor time that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[11]) + int(fields[12])


class Killer(threading.Thread):
    """Kills processes of functions at random moments, those at work if there are any, until so many are dead or it is
    told to end."""

    def __init__(self, server, functions, seed_dice, kills, longest_seconds):
        super().__init__(daemon=True)
        self.server, self.functions, self.dice = server, functions, seed_dice
        self.wanted, self.longest = kills, longest_seconds
        self.killed = {"builder": 0, "thumbnail": 0}
        self.most = 0
        self.ended = threading.Event()

    def run(self):
        while self.killed["builder"] < self.wanted:
            if self.ended.wait(self.dice.uniform(0.02, self.longest)):
                return
            builders = running(self.server, self.functions / "builder")
            self.most = max(self.most, len(builders))
            self.kill("builder", at_work(builders) or builders)
            if self.dice.random() < 0.2:
                self.kill("thumbnail", running(self.server, self.functions / "thumbnail"))

    def kill(self, name, processes):
        if not processes:
            return
        try:
            os.kill(self.dice.choice(sorted(processes)), signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed[name] += 1

    def end(self):
        self.ended.set()
        self.join(10)
