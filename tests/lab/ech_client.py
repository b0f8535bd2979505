"""A client with Encrypted ClientHello: `ech_client.py URL [ECHCONFIGLIST]` prints what came of it, as one JSON object.

Run as a program in the probe's place. `page` is the body, `ech` whether the server says that the handshake had it; or
`error` says in curl's words why nothing came.
"""

import importlib
import json
import os
import sys
from io import BytesIO
from typing import Any


def main() -> None:
    curl: Any = importlib.import_module("curl_cffi")
    url, *keys = sys.argv[1:]
    handle, body, head, option = curl.Curl(), BytesIO(), BytesIO(), curl.CurlOpt
    handle.setopt(option.URL, url.encode())
    handle.setopt(option.CAINFO, os.environ["SSL_CERT_FILE"].encode())
    handle.setopt(option.TIMEOUT_MS, 5000)
    handle.setopt(option.WRITEDATA, body)
    handle.setopt(option.HEADERDATA, head)
    if keys:
        handle.setopt(option.ECH, b"hard")
        handle.setopt(option.ECH, f"ecl:{keys[0]}".encode())
    try:
        handle.perform()
    except curl.CurlError as error:
        print(json.dumps({"error": str(error)}))
        return
    said = dict(line.split(": ", 1) for line in head.getvalue().decode().lower().splitlines() if ": " in line)
    print(json.dumps({"page": body.getvalue().decode(), "ech": said.get("x-ech")}))


if __name__ == "__main__":
    main()
