"""A mount namespace of a test's own: small disks and the machine's folders, which nobody else sees."""
import os
import subprocess
import sys

FLAG = "--in-namespace"


def enter():
    """Starts the test anew in such a namespace, as root there; returns once it runs there."""
    if FLAG in sys.argv:
        sys.argv.remove(FLAG)
        return
    # Root needs no user namespace, unless it is a container's without rights.
    ways = [["--mount"], ["--user", "--map-root-user", "--mount"]]
    way = next((w for w in ways if subprocess.run(["unshare", *w, "true"],
                                                  capture_output=True).returncode == 0), None)
    if way is None:
        sys.exit("this test mounts in a namespace of its own, and unshare may not: "
                 "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1)")
    os.execvp("unshare", ["unshare", *way, sys.executable, *sys.argv, FLAG])


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def unmount(path):
    subprocess.run(["umount", "-l", path], check=False)
