#!/usr/bin/env python3
"""Prints the request of the laboratory test. Nothing is sent anywhere."""

import argparse

# Values of the test; any others work as well.
TRACE = "5f3a90c1d27e"
MARKER = "kelvira"
TIMEOUT = 10
RETRIES = 3
BLOCK = 4096
PATH = "/relay/queue"


def build_request(host, length):
    """Returns the request as text."""
    headers = {
        "User-Agent": "lantern/1.0",
        "X-Marlow-Trace": TRACE,
        "X-Marlow-Length": str(length),
    }
    lines = ["POST " + PATH + " HTTP/1.1", "Host: " + host]
    for name in headers:
        lines.append(name + ": " + headers[name])
    return "\n".join(lines)


def check_response(response, limit):
    size = len(response)
    if size > limit:
        return "closed"
    result = "open"
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    options = parser.parse_args()
    payload = build_request(options.host, BLOCK)
    print(payload)
    print(check_response(payload, 2048))


if __name__ == "__main__":
    main()
