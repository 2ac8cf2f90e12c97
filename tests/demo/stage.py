"""How a demo speaks: what it does, the commands it gives, and what it found to be so."""
import os
import sys

COLOURS = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
BOLD, GREEN, PLAIN = ("\033[1m", "\033[32m", "\033[0m") if COLOURS else ("", "", "")


def say(text):
    print(f"\n{BOLD}== {text}{PLAIN}", flush=True)


def ok(true, what):
    if not true:
        raise AssertionError(what)
    print(f"   {GREEN}ok{PLAIN}  {what}", flush=True)


class Stage:
    """What demos have in common. `world` runs the programs."""

    def __init__(self, world):
        self.world = world

    def run(self, *words, most=14):
        print("   $ kontor " + " ".join(f'"{word}"' if " " in word else word for word in words), flush=True)
        done = self.world.kontor(*words)
        lines = (done.stdout or done.stderr).splitlines()
        for line in lines[:most]:
            print("     " + line[:150])
        if len(lines) > most:
            print(f"     … {len(lines) - most} more lines")
