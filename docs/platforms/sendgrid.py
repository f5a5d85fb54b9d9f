"""Posts replies that SendGrid's Inbound Parse delivers to aftercall: sendgrid.md says how to use it."""
import base64, email.parser, email.policy, email.utils, hashlib, hmac, http.server, json, os, time, urllib.request

FORM_BYTES_MAX = 32 << 20  # SendGrid takes emails of up to 30 MB
TEXT_CHARS_MAX = 20_000


class Inbound(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if not hmac.compare_digest(self.path.encode(), os.environ["REPLIES_PATH"].encode()) or length > FORM_BYTES_MAX:
            return self.send_error(404)
        try:
            post(record(self.headers["content-type"], self.rfile.read(length)))
            self.send_response(200)
        except OSError:  # SendGrid posts it again
            self.send_response(503)
        self.end_headers()


def record(content_type: str, body: bytes) -> dict:
    head = f"content-type: {content_type}\r\n\r\n".encode()
    parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body).iter_parts()
    form = {part["content-disposition"].params["name"]: part.get_payload(decode=True) for part in parts}
    charsets = json.loads(form.get("charsets", b"{}"))
    text = lambda name: form.get(name, b"").decode(charsets.get(name, "utf-8"), "replace")
    headers = email.parser.HeaderParser().parsestr(text("headers"))
    # The same email again is the same call. One without an identifier is known by all that was posted.
    id = "reply-" + hashlib.sha256(headers.get("message-id", "").strip().encode() or body).hexdigest()[:32]
    sender, recipient = (email.utils.parseaddr(text(name))[1].lower() for name in ("from", "to"))
    automatic = "".join(f"{name}: {headers[name]}\n" for name in ("Auto-Submitted", "Precedence") if name in headers)
    said = f"From: {sender}\nSubject: {text('subject')}\n{automatic}\n{text('text')[:TEXT_CHARS_MAX]}"
    return {"schema": "aftercall.call/1", "source": {"platform": "email"}, "llm": {"model": os.environ["REPLIES_MODEL"]},
            "conversation": {"id": id, "direction": "inbound", "from": sender, "to": recipient},
            "items": [{"type": "message", "role": "user", "text": said}]}


def post(record: dict) -> None:
    body, id, at = json.dumps(record).encode(), "msg_" + record["conversation"]["id"], str(int(time.time()))
    key = base64.b64decode(os.environ["AFTERCALL_KEY"].removeprefix("whsec_"))
    signature = "v1," + base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")).decode()
    headers = {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature, "content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(os.environ["AFTERCALL_URL"], body, headers), timeout=30).close()


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("REPLIES_PORT", "8081"))), Inbound).serve_forever()
