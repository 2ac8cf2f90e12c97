"""restic init of a local folder, as restic does it but for the work: the key file is derived with little.

The format is that of restic's design document, https://restic.readthedocs.io/en/stable/100_references.html
("Repository Format", "Keys, Encryption and MAC"): scrypt gives 64 bytes, AES-256-CTR encrypts,
Poly1305-AES signs. Whatever is not a new repository in a folder, restic itself does.
"""
import base64
import datetime
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys

READ_ONCE = ("--password-file", "--repository-file")
# They change nothing about a new repository in a local folder.
NO_MATTER = {*READ_ONCE, "--no-cache", "--cache-dir", "--limit-upload", "--limit-download", "init"}
CHEAP = {"N": 128, "r": 1, "p": 1}
# restic draws one at random. Repositories of tests hide nothing by how they cut files.
POLYNOMIAL = "2a07ab3b25cdcb"
R_MASK = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF

SAID = """created restic repository {} at 

Please note that knowledge of your password is required to access
the repository. Losing your password means that your data is
irrecoverably lost.
"""


def openssl(cipher, key, data, *more):
    return subprocess.run(["openssl", "enc", "-e", "-" + cipher, "-nopad", "-nosalt", "-K", key.hex(), *more],
                          input=data, stdout=subprocess.PIPE, check=True).stdout


def poly1305_aes(k, r, nonce, data):
    prime = (1 << 130) - 5
    r = int.from_bytes(r, "little") & R_MASK
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % prime
    total += int.from_bytes(openssl("aes-128-ecb", k, nonce), "little")
    return (total % (1 << 128)).to_bytes(16, "little")


def sealed(keys, data):
    """`keys`: 32 bytes to encrypt with, then k and r of the signature."""
    nonce = secrets.token_bytes(16)
    text = openssl("aes-256-ctr", keys[:32], data, "-iv", nonce.hex())
    return nonce + text + poly1305_aes(keys[32:48], keys[48:], nonce, text)


def base64_of(data):
    return base64.b64encode(data).decode()


def json_of(value):
    return json.dumps(value, separators=(",", ":")).encode()


def key_file(passphrase, master):
    salt = secrets.token_bytes(64)
    derived = hashlib.scrypt(passphrase, salt=salt, n=CHEAP["N"], r=CHEAP["r"], p=CHEAP["p"], dklen=64)
    data = {"mac": {"k": base64_of(master[32:48]), "r": base64_of(master[48:])},
            "encrypt": base64_of(master[:32])}
    return json_of({"created": datetime.datetime.now(datetime.timezone.utc).isoformat(), "username": "test",
                    "hostname": socket.gethostname(), "kdf": "scrypt", **CHEAP, "salt": base64_of(salt),
                    "data": base64_of(sealed(derived, json_of(data)))})


def write(file, data):
    file.write_bytes(data)
    file.chmod(0o400)


def make(folder, passphrase):
    """The new repository's id."""
    for below in ("", "data", *(f"data/{n:02x}" for n in range(256)), "index", "keys", "locks", "snapshots"):
        os.makedirs(folder / below, exist_ok=True)
    master = secrets.token_bytes(64)
    r = int.from_bytes(master[48:], "little") & R_MASK
    master = master[:48] + r.to_bytes(16, "little")
    key = key_file(passphrase, master)
    write(folder / "keys" / hashlib.sha256(key).hexdigest(), key)
    # The last: a folder without it is no repository.
    name = secrets.token_hex(32)
    config = {"version": 2, "id": name, "chunker_polynomial": POLYNOMIAL}
    write(folder / "config", sealed(master, json_of(config)))
    return name


def made(options, texts):
    """False where restic has to do it, or to say why it cannot be done."""
    place = os.fsdecode(texts.get("--repository-file", b"").strip())
    passphrase = texts.get("--password-file", b"").strip()
    if not place.startswith("/") or not passphrase or not NO_MATTER.issuperset(options):
        return False
    if any(name.startswith("RESTIC_") for name in os.environ):
        return False
    folder = pathlib.Path(place)
    if os.path.lexists(folder) and not (folder.is_dir() and os.access(folder, os.R_OK) and not os.listdir(folder)):
        return False
    mask = os.umask(0o077)
    try:
        name = make(folder, passphrase)
    except OSError:
        os.umask(mask)
        for part in folder.iterdir() if folder.is_dir() else ():
            shutil.rmtree(part, ignore_errors=True)
        return False
    print(SAID.format(name[:10]), end="")
    return True


def main():
    # What Kontor hands over can be read once: here, and it is handed on.
    arguments, options, texts = [], [], {}
    for word in sys.argv[1:]:
        option, _, value = word.partition("=")
        options.append(option)
        if option in READ_ONCE and value:
            texts[option] = pathlib.Path(value).read_bytes()
            end = os.memfd_create(option, 0)
            os.write(end, texts[option])
            os.lseek(end, 0, os.SEEK_SET)
            word = f"{option}=/dev/fd/{end}"
        arguments.append(word)
    if not made(options, texts):
        os.execvp("restic", ["restic", *arguments])


main()
