#!/usr/bin/env python3
"""Runs Kontor's conformance kit on the connector against server.py: check.py PLUGIN KONTOR [OPTION...]"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ADD_FIELD = ("import json,os,urllib.request as r;"
             "r.urlopen(r.Request(os.environ['SERVER']+'/fields', json.dumps({'name':'shoe_size',"
             "'label':'Shoe size','type':'integer'}).encode(),"
             "{'Authorization':'Bearer '+os.environ['TOKEN']}))")


def main():
    plugin, kontor, *more = sys.argv[1:]
    server = subprocess.Popen([sys.executable, os.path.join(HERE, "server.py")],
                              stdout=subprocess.PIPE, text=True)
    try:
        info = json.loads(server.stdout.readline())
        with tempfile.NamedTemporaryFile("w", prefix="token-") as token:
            token.write(info["token"])
            token.flush()
            env = {**os.environ, "SERVER": info["url"], "TOKEN": info["token"]}
            return subprocess.run(
                [kontor, "plugin", "check", "--plugin", os.path.abspath(plugin), "--scratch",
                 "--allow-http-loopback", "--option", "url=" + info["url"],
                 "--secret", "token=file:" + token.name,
                 "--schema-change", f'{sys.executable} -c "{ADD_FIELD}"', *more], env=env).returncode
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
