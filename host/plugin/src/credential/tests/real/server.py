"""Canaille, an authorisation server on Authlib, on a free port of loopback, for `tests/real`.

The first line of its input says who is registered; it answers with its port, and ends when its input does.
"""
import datetime
import json
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from canaille.oidc import provider
from joserfc import jwk, jws
from werkzeug.serving import WSGIRequestHandler, make_server

# What SMART's servers must know, and Canaille's library knows but leaves out unless told otherwise
# (SMART App Launch 2.2, "Signature algorithms": RS384, ES384).
jws.JWSRegistry.recommended += ["RS384", "RS512", "ES384"]
# As it is for Canaille's other grants: without, it takes an application's secret as `Authorization` alone.
provider.rfc6749.ClientCredentialsGrant.TOKEN_ENDPOINT_AUTH_METHODS = [
    "client_secret_basic",
    "client_secret_post",
    provider.JWTClientAuth.CLIENT_AUTH_METHOD,
]
# Canaille's own tokens of a user are the same where they are of the same second.
provider.generate_access_token = lambda *_, **__: provider.gen_salt(48)


def keys_of(_, client):
    """All of them: which one it is, the assertion says by its `kid`."""
    return jwk.KeySet.import_key_set(json.loads(client.jwks))


# Canaille takes a client for one that has a single key.
provider.JWTClientAuth.resolve_client_public_key = keys_of
# Whoever has issued an assertion has signed it (RFC 7523, section 3). Canaille looks for a signature of its own there.
provider.JWTBearerGrant.resolve_client_public_key = keys_of


class Silent(WSGIRequestHandler):
    """Keeps no log of requests."""

    def log(self, *_):
        pass


def behind_proxy(app, name, other):
    """As behind a proxy that ends TLS, since the host's requests were for https, and where it has two names."""

    def answer(environ, start):
        host = environ["HTTP_HOST"]
        return app(environ | {"wsgi.url_scheme": "https", "HTTP_HOST": name if host == other else host}, start)

    return answer


def client(backend, asked, audience):
    keys = [
        jwk.import_key(pem, kind).as_dict(private=False, kid=name)
        for name, (kind, pem) in asked.get("keys", {}).items()
    ]
    client = models.Client(
        client_id=asked["id"],
        client_name=asked["id"],
        client_uri="https://app.localhost" if asked.get("trusted") else "https://app.example",
        client_id_issued_at=datetime.datetime.now(datetime.timezone.utc),
        client_secret=asked.get("secret"),
        token_endpoint_auth_method=asked["auth"],
        grant_types=asked.get("grants", []),
        scope=["openid", "profile", "email"],
        jwks=json.dumps({"keys": keys}),
    )
    backend.save(client)
    client.audience = [client, *audience]
    backend.save(client)
    return client


def grant(backend, user, client, refresh_token):
    """As if the user had logged in and consented."""
    token = models.Token(
        token_id=refresh_token,
        type="Bearer",
        access_token=f"of {refresh_token}",
        refresh_token=refresh_token,
        issue_date=datetime.datetime.now(datetime.timezone.utc),
        lifetime=3600,
        scope=["openid", "profile"],
        client=client,
        subject=user,
        audience=client.audience,
    )
    backend.save(token)


def main():
    registered = json.loads(sys.stdin.readline())
    app = create_app(
        {
            "SECRET_KEY": "tried",
            "SERVER_NAME": registered["name"],
            "PREFERRED_URL_SCHEME": "https",
            "OAUTH2_TOKEN_EXPIRES_IN": {"client_credentials": registered["life_s"]},
            "CANAILLE": {"DATABASE": "memory", "LOGGING": {"version": 1}},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [jwk.RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)]},
        }
    )
    with app.app_context():
        backend = Backend.instance
        user = models.User(user_name=registered["user"], family_name=registered["user"])
        backend.save(user)
        # The vendor, which asks what a token is good for (RFC 7662).
        vendor = client(backend, registered["vendor"], [])
        for asked in registered["clients"]:
            made = client(backend, asked, [vendor])
            for refresh_token in asked.get("refresh_tokens", []):
                grant(backend, user, made, refresh_token)
    app.wsgi_app = behind_proxy(app.wsgi_app, registered["name"], registered["api"])
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
