"""A visitor of the example site, run in a target by the packaged interpreter.

visitor.py get PATH...           answers as a JSON array of {status, headers, body}
visitor.py sign NAME TEXT        fetches the form, sends it with its token; the answer to that
visitor.py say ADDRESS LINE...   sends lines to HOST:PORT or /SOCKET; the lines that come back
"""

import json
import re
import socket
import sys
import urllib.parse
from http.client import HTTPConnection


def fetch(path, method="GET", body=None, headers=None):
    connection = HTTPConnection("127.0.0.1", 8000, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return {"status": answer.status, "headers": dict(answer.getheaders()), "body": answer.read().decode()}


def sign(name, text):
    form = fetch("/")
    token = re.search('name="csrfmiddlewaretoken" value="(.+?)"', form["body"])[1]
    fields = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "name": name, "text": text})
    cookie = form["headers"]["Set-Cookie"].split(";")[0]
    return fetch("/", "POST", fields, {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"})


def say(address, *lines):
    host, _, port = address.partition(":")
    connection = socket.socket(socket.AF_INET if port else socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect((host, int(port)) if port else address)
    with connection, connection.makefile("rw") as stream:
        for line in lines:
            stream.write(line + "\n")
        stream.flush()
        return [stream.readline().strip() for _ in lines]


verb, *words = sys.argv[1:]
print(json.dumps([fetch(path) for path in words] if verb == "get" else {"sign": sign, "say": say}[verb](*words)))
