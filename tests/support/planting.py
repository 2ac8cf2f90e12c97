"""Plants known defects in a copy of the source, so that checks can be seen to find them.

A defect's edits: for each file (path from the root) the texts to replace, each with what takes its
place. A text must occur exactly once, however it is broken into lines.
"""
import contextlib
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def edited(root, edits):
    """For each file the text as it is and with the defect; raises ValueError if an edit does not fit."""
    out = {}
    for name, replacements in edits.items():
        original = text = (root / name).read_text()
        for before, after in replacements:
            found = list(re.finditer(r"\s+".join(map(re.escape, before.split())), text))
            if len(found) != 1:
                raise ValueError(f"{name}: {len(found)} times: {before}")
            text = text[:found[0].start()] + after + text[found[0].end():]
        out[name] = original, text
    return out


class SourceCopy:
    """The source below `work`, to be changed and built there; the tree stays as it is."""

    def __init__(self, work):
        self.source, self.build_folder = work / "source", work / "build"

    def refresh(self):
        """What git knows and what is new; unchanged files keep their times, so little is rebuilt."""
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                                capture_output=True, text=True, check=True).stdout.split("\n")
        for name in filter(None, listed):
            source, target = ROOT / name, self.source / name
            if not source.is_file():
                continue
            text = source.read_bytes()
            if name == "cmake/options.cmake":  # a defect may leave a parameter without use
                text = text.replace(b" -Werror", b"")
            if target.is_file() and target.read_bytes() == text:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)

    def configure(self, *options):
        """None, or the end of what CMake said."""
        return said("cmake", "-S", str(self.source), "-B", str(self.build_folder), "-G", "Ninja", *options)

    def build(self, targets):
        """None, or the end of what the compiler said."""
        return said("nice", "cmake", "--build", str(self.build_folder), "-j2", "--target", *targets)

    @contextlib.contextmanager
    def planted(self, edits):
        """The defect is in the copy while this lasts."""
        texts = edited(self.source, edits)
        try:
            for name, (_, text) in texts.items():
                (self.source / name).write_text(text)
            yield
        finally:
            for name, (original, _) in texts.items():
                (self.source / name).write_text(original)


def said(*command):
    made = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return None if made.returncode == 0 else (made.stdout + made.stderr)[-2000:]
