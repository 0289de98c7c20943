"""Judges notices from outside: a mail server (aiosmtpd) and an endpoint (standardwebhooks) that check what they take.

Prints one JSON object a line: first where both listen, then each thing taken. Reads the endpoint's secret as the
first line of its input. A mail or a request that is wrong is printed with what is wrong, and never accepted.
"""

import email.policy
import http.server
import json
import socket
import sys
import threading

from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook

lock = threading.Lock()
secret = []


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


class Mail:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = message.get_body(preferencelist=("plain",)).get_content()
        lacking = [name for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted") if name not in message]
        say(
            kind="mail",
            id=message["Message-ID"],
            to=envelope.rcpt_tos,
            text=text,
            raw=envelope.content.decode("utf-8", "replace"),
            wrong=f"without {lacking}" if lacking else None,
        )
        return "250 taken"


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        wrong = None
        try:
            Webhook(secret[0]).verify(body, dict(self.headers))
        except Exception as error:  # whatever the judge says
            wrong = repr(error)
        say(kind="request", id=self.headers["webhook-id"], text=body, raw=str(self.headers) + body, wrong=wrong)
        self.send_response(400 if wrong else 204)
        self.end_headers()

    def log_message(self, *ignored):
        pass


with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
mail = Controller(Mail(), hostname="127.0.0.1", port=port)
mail.start()
hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
say(mail=port, hook=hook.server_address[1])
secret.append(sys.stdin.readline().strip())
threading.Thread(target=hook.serve_forever, daemon=True).start()
sys.stdin.read()
