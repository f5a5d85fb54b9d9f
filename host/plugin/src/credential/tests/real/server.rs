//! The server as a process, and what is asked of it beside the host.

use std::{
    io::{BufRead as _, BufReader, Write as _, stderr},
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::form_urlencoded::Serializer;

use super::*;

/// The Python that has the packages of the gate.
const PYTHON: &str = "AFTERCALL_PYTHON";

/// The user that assertions and refresh tokens are about.
pub(super) const USER: &str = "ann";

/// The vendor, by whose name and secret tokens are asked about.
const VENDOR: &str = "vendor";

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// One for all tests: it ends when its input does, which is when they have ended.
static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let Some(python) = std::env::var_os(PYTHON) else {
        let left_out =
            "LEFT OUT: tokens of a real authorisation server, since AFTERCALL_PYTHON names no Python that has it";
        writeln!(stderr(), "{left_out}: `. .ci/python` makes one").expect("it is told");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/credential/tests/real/server.py");
    let mut process =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    writeln!(process.stdin.as_mut().expect("it is piped"), "{}", registered()).expect("it reads who is registered");
    let mut port = String::new();
    BufReader::new(process.stdout.as_mut().expect("it is piped")).read_line(&mut port).expect("it tells its port");
    let port = port.trim().parse().expect("it starts: above it says why not");
    Some(Server { port, _process: process })
});

pub(super) struct Server {
    pub(super) port: u16,
    _process: Child,
}

/// Who is registered there.
fn registered() -> Value {
    let keys = json!({"rsa": ["RSA", RSA], "ec256": ["EC", EC256], "ec384": ["EC", EC384]});
    let client = |id: &str, auth: &str, rest: Value| {
        let mut client = json!({
            "id": id, "auth": auth, "grants": ["client_credentials", "refresh_token"],
            "refresh_tokens": [format!("r3fresh-{id}"), format!("r3fresh-shared-{id}")],
        });
        client.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        client
    };
    json!({
        "name": "login.test",
        "api": "api.test",
        "life_s": LIFE_S,
        "user": USER,
        "vendor": {"id": VENDOR, "auth": "client_secret_basic", "secret": VENDOR},
        "clients": [
            client("basic", "client_secret_basic", json!({"secret": SECRET, "keys": keys})),
            client("body", "client_secret_post", json!({"secret": SECRET})),
            client("public", "none", json!({})),
            client("signs", "private_key_jwt", json!({"keys": keys})),
            client("grantless", "client_secret_basic", json!({"secret": SECRET, "grants": []})),
            client("trusted", "none", json!({"keys": keys, "grants": [JWT_BEARER], "trusted": true})),
            client("untrusted", "none", json!({"keys": keys, "grants": [JWT_BEARER]})),
            client("bearerless", "none", json!({"keys": keys, "trusted": true})),
        ],
    })
}

impl Server {
    /// None, where there is no Python that has it.
    pub(super) fn get() -> Option<&'static Self> {
        SERVER.as_ref()
    }

    /// What a vendor is told of a token (RFC 7662).
    pub(super) async fn said_of(&self, token: &str) -> Value {
        let form = Serializer::new(String::new()).append_pair("token", token).finish();
        let request = format!(
            "POST /oauth/introspect HTTP/1.1\r\nhost: login.test\r\nconnection: close\r\n\
             authorization: Basic {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            STANDARD.encode(format!("{VENDOR}:{VENDOR}")),
            form.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it is there");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }
}
