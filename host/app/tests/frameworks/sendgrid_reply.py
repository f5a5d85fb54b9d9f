"""An email as SendGrid's Inbound Parse posts it, through the snippet of docs/platforms: prints the record."""
import json

import aftercall_sendgrid

HEADERS = """Received: by mx.sendgrid.net
Message-ID: <CAJ7+reply@mail.harborlogistics.example>
In-Reply-To: <pilot@meridian.example>
"""
FIELDS = {
    "headers": HEADERS.encode(),
    "dkim": b"{@harborlogistics.example : pass}",
    "to": b"Meridian Routing <office@replies.meridian.example>",
    "from": b"Dana Whitfield <Dana@HarborLogistics.example>",
    "subject": b"Re: Your pilot",
    "text": "Thanks, José and I talked it over. Can somebody call me on Monday?\n\nDana\n".encode("latin-1"),
    "envelope": b'{"to":["office@replies.meridian.example"],"from":"dana@harborlogistics.example"}',
    "charsets": b'{"to":"UTF-8","from":"UTF-8","subject":"UTF-8","text":"iso-8859-1"}',
    "SPF": b"pass",
}
body = b"".join(
    b'--xYzZY\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value) for name, value in FIELDS.items()
)
print(json.dumps(aftercall_sendgrid.record("multipart/form-data; boundary=xYzZY", body + b"--xYzZY--\r\n")))
