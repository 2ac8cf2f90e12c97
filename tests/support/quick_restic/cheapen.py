"""restic init, then its key file anew with a cheap derivation.

Same passphrase, same master key, the format of restic's design document ("Keys, Encryption and MAC"):
scrypt gives 64 bytes, AES-256-CTR encrypts, Poly1305-AES signs. https://restic.readthedocs.io/en/stable/100_references.html
"""
import base64
import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import sys

CHEAP = {"N": 128, "r": 1, "p": 1}


def openssl(cipher, key, data, *more):
    return subprocess.run(["openssl", "enc", "-e", "-" + cipher, "-nopad", "-nosalt", "-K", key.hex(), *more],
                          input=data, stdout=subprocess.PIPE, check=True).stdout


def counter_mode(key, nonce, data):
    return openssl("aes-256-ctr", key, data, "-iv", nonce.hex())


def poly1305_aes(key, nonce, data):
    prime = (1 << 130) - 5
    r = int.from_bytes(key[16:], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % prime
    total += int.from_bytes(openssl("aes-128-ecb", key[:16], nonce), "little")
    return (total % (1 << 128)).to_bytes(16, "little")


def derived(passphrase, key, salt):
    bytes64 = hashlib.scrypt(passphrase, salt=salt, n=key["N"], r=key["r"], p=key["p"], dklen=64,
                             maxmem=1 << 30)
    return bytes64[:32], bytes64[32:]


def cheapen(file, passphrase):
    key = json.loads(file.read_bytes())
    sealed = base64.b64decode(key["data"])
    encryption, signing = derived(passphrase, key, base64.b64decode(key["salt"]))
    nonce, text, mac = sealed[:16], sealed[16:-16], sealed[-16:]
    if poly1305_aes(signing, nonce, text) != mac:
        sys.exit(f"{file}: not what restic's design document says of key files")
    master = counter_mode(encryption, nonce, text)
    salt, nonce = secrets.token_bytes(64), secrets.token_bytes(16)
    key.update(CHEAP, salt=base64.b64encode(salt).decode())
    encryption, signing = derived(passphrase, key, salt)
    text = counter_mode(encryption, nonce, master)
    key["data"] = base64.b64encode(nonce + text + poly1305_aes(signing, nonce, text)).decode()
    written = json.dumps(key).encode()
    cheap = file.parent / hashlib.sha256(written).hexdigest()
    cheap.write_bytes(written)
    cheap.chmod(file.stat().st_mode)
    file.unlink()


def main():
    # What Kontor hands over can be read once: here, and it is handed on.
    arguments, texts, ends = [], [], []
    for word in sys.argv[1:]:
        option = word.split("=", 1)[0]
        if option in ("--password-file", "--repository-file"):
            text = pathlib.Path(word.split("=", 1)[1]).read_bytes()
            texts.append((option, text))
            end = os.memfd_create(option)
            os.write(end, text)
            os.lseek(end, 0, os.SEEK_SET)
            ends.append(end)
            word = f"{option}=/dev/fd/{end}"
        arguments.append(word)
    code = subprocess.run(["restic", *arguments], pass_fds=ends).returncode
    read = {option: text.decode().strip() for option, text in texts}
    keys = pathlib.Path(read.get("--repository-file", ""), "keys")
    if code == 0 and "--password-file" in read and keys.is_dir():
        for file in list(keys.iterdir()):
            cheapen(file, read["--password-file"].encode())
    sys.exit(code)


main()
