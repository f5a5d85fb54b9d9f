//! The secrets of a world are canaries. After a whole run in the real binary, and after its end by a signal that nobody
//! can catch, they are searched in all that it left and said: records, logs, pages, metrics, what its commands tell.

use std::{fs, path::PathBuf, process::Stdio};

use aftercall_app::{
    clock::SystemClock,
    config::SecretRef,
    demo::{PAGES_PASSWORD, Scenario, Webhook, client, configure, secret},
};
use aftercall_core::ports::Clock as _;
use aftercall_sandbox::{Config as SandboxConfig, Credentials, Sandbox, Service};
use aftercall_storage::Sqlite;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader},
    process::Command,
};

use crate::support::{case, plugins};

const SECRETS: [&str; 6] = [
    "OPENAI_API_KEY",
    "MERIDIAN_HUBSPOT_TOKEN",
    "MERIDIAN_SENDGRID_KEY",
    "MERIDIAN_TWILIO_KEY",
    "MERIDIAN_WEBHOOK_KEY",
    "MERIDIAN_PAGES_PASSWORD",
];

/// The part that all canaries share, and that is nowhere else.
const CANARY: &str = "k9Zr-canary/4Qm+7=wX";

fn credentials() -> Credentials {
    Credentials {
        model_key: Some(format!("model-{CANARY}")),
        hubspot_token: format!("hubspot-{CANARY}"),
        sendgrid_key: format!("SG.{CANARY}"),
        twilio_token: format!("twilio-{CANARY}"),
        ..Credentials::default()
    }
}

/// What must be found nowhere: the canary in each form that a program could write it in, and the secrets that the
/// played world has of its own.
fn needles(credentials: &Credentials) -> Vec<Vec<u8>> {
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = CANARY.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    let webhook = secret(credentials, "MERIDIAN_WEBHOOK_KEY").expect("the world has it");
    let webhook = webhook.trim_start_matches("whsec_").to_owned();
    let plain = STANDARD.decode(&webhook).expect("it is base64");
    let mut needles =
        vec![CANARY.into(), CANARY.replace('/', "\\/").into(), percent.into(), hex.into(), webhook.into(), plain];
    for offset in 0..3 {
        let padded = [vec![0; offset], CANARY.as_bytes().to_vec()].concat();
        let (first, last) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        needles.push(STANDARD.encode(&padded).as_bytes()[first..last].to_vec());
    }
    needles
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// A world with canaries, and the binary in it.
struct Cage {
    scenario: Scenario,
    sandbox: Sandbox,
    credentials: Credentials,
    folder: tempfile::TempDir,
}

impl Cage {
    async fn set() -> Self {
        let mut scenario = case("sales-qualification");
        let tenant = scenario.config.tenants.values_mut().next().expect("it has a tenant");
        tenant.pages_password = Some(SecretRef::Env("MERIDIAN_PAGES_PASSWORD".to_owned()));
        let credentials = credentials();
        let world = SandboxConfig {
            credentials: credentials.clone(),
            seeds: scenario.seeds.clone(),
            ..SandboxConfig::new(scenario.script.clone(), || SystemClock.now().as_millis())
        };
        let sandbox = Sandbox::start(world).await.expect("the world starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = configure(&scenario, plugins(), &sandbox, &folder.path().join("records.db"));
        let mut config = config.expect("it is configured");
        config.server.listen = "127.0.0.1:0".to_owned();
        config.server.operator_password = Some(SecretRef::Env("MERIDIAN_PAGES_PASSWORD".to_owned()));
        let text = toml::to_string(&config).expect("it is TOML");
        fs::write(folder.path().join("aftercall.toml"), text).expect("it can be written");
        Self { scenario, sandbox, credentials, folder }
    }

    /// The binary, with everything that it can log.
    fn binary(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
        command.arg(verb).arg("--config").arg(self.folder.path().join("aftercall.toml")).env("AFTERCALL_LOG", "trace");
        for name in SECRETS {
            command.env(name, secret(&self.credentials, name).expect("the world has it"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn post(&self, address: &str) {
        let env = |name: &str| secret(&self.credentials, name);
        let webhook = Webhook::of(&self.scenario.config, &env).expect("it has an endpoint");
        let headers = webhook.headers("msg_1", SystemClock.now(), &self.scenario.call).expect("it can be signed");
        let request = client().expect("a client").post(format!("{address}{}", webhook.path));
        let status =
            request.headers(headers).body(self.scenario.call.clone()).send().await.expect("an answer").status();
        assert_eq!(status.as_u16(), 202);
    }

    /// Waits until the run has ended: its name and how.
    async fn ended(&self) -> (String, String) {
        let reader = Sqlite::open_reader(self.folder.path().join("records.db")).expect("it can be read");
        loop {
            if let Some(run) = reader.runs(None, 1).await.expect("it reads").pop()
                && let Some(ending) = run.ending
            {
                return (run.run.to_string(), ending);
            }
            tokio::task::yield_now().await;
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> =
            fs::read_dir(self.folder.path()).expect("a folder").map(|f| f.expect("one").path()).collect();
        files.retain(|file| file.is_file());
        files
    }
}

/// All that comes until the end.
async fn drained(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut said = Vec::new();
    from.read_to_end(&mut said).await.expect("it reads");
    said
}

async fn page(address: &str, path: &str) -> Vec<u8> {
    let request = client().expect("a client").get(format!("{address}{path}"));
    let answer = request.basic_auth("operator", Some(PAGES_PASSWORD)).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    let headers = format!("{:?}", answer.headers());
    [headers.as_bytes(), &answer.bytes().await.expect("a whole answer")].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_is_found_in_what_a_run_leaves() {
    let cage = Cage::set().await;
    let mut child = cage.binary("serve").spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    out.read_line(&mut line).await.expect("it reads");
    let (_, address) = line.trim_end().rsplit_once(' ').expect("it says where it listens");
    let address = address.to_owned();
    // What it says has to be taken from it, or it would wait.
    let stderr = tokio::spawn(drained(child.stderr.take().expect("it is piped")));
    let stdout = tokio::spawn(drained(out));

    cage.post(&address).await;
    let (run, ending) = cage.ended().await;
    assert_eq!(ending, "completed", "the vendors were shown the credentials");
    let mut seen = vec![("the server's address".to_owned(), line.into_bytes())];
    for path in ["/runs", &format!("/runs/{run}"), "/metrics"] {
        seen.push((path.to_owned(), page(&address, path).await));
    }
    child.kill().await.expect("it takes a SIGKILL");
    seen.push(("stdout".to_owned(), stdout.await.expect("it ends")));
    seen.push(("stderr".to_owned(), stderr.await.expect("it ends")));
    for file in cage.files() {
        seen.push((file.display().to_string(), fs::read(&file).expect("it reads")));
    }
    for (verb, more) in [("runs", vec![]), ("logs", vec![run.as_str()])] {
        let output = cage.binary(verb).args(more).output().await.expect("it starts");
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
        seen.push((verb.to_owned(), [output.stdout, output.stderr].concat()));
    }

    // That there was something to find, and that the search finds what there is.
    let texts = cage.sandbox.records(Service::Twilio)["messages"].as_array().expect("a list").len();
    assert_eq!(texts, 1, "the text was sent with the tenant's credential");
    let known = |place: &str, needle: &str| {
        let mut places = seen.iter().filter(|(name, _)| name.contains(place));
        assert!(places.any(|(_, bytes)| contains(bytes, needle.as_bytes())), "{needle} is in {place}");
    };
    known("records.db", "send_sms");
    known("logs", "send_sms");
    known("stderr", "aftercall");
    known("/metrics", "aftercall");

    for needle in needles(&cage.credentials) {
        for (place, bytes) in &seen {
            assert!(!contains(bytes, &needle), "{} is in {place}", String::from_utf8_lossy(&needle));
        }
    }
}
